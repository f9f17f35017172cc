#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include <brood/codec.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/parcel.hpp>
#include <brood/detail/shared_handle.hpp>
#include <brood/received.hpp>

namespace brood {

namespace detail {

/// A queue below its type.
/// Layout: a page of books (positions and counts, kept twice, so that whoever dies between two
/// writes leaves the old ones), then records in the order of put; see src/shared/queue.md.
class BROOD_API QueueHandle : public SharedHandle {
 public:
  /// Values in it. Threads: any; exact at one moment between put and get.
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  /// Whether put() would block for the number of values.
  bool full() const;
  /// Values that it holds at most; 0: no limit.
  std::size_t maxsize() const;
  /// Ends the queue for every process: put() throws UsageError from now on; get() gives what is
  /// left and then the end of the stream. Twice is once.
  void close() const;
  bool closed() const;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 protected:
  explicit QueueHandle(std::size_t maxsize);
  explicit QueueHandle(Undecoded) {}
  bool put_until(const Bytes& bytes, const Deadline& deadline) const;
  std::optional<Parcel> get_until(const Deadline& deadline) const;
  void note_done() const;
  bool join_until(const Deadline& deadline) const;

  template <class T>
  static Bytes encoded(const T& value) {
    Bytes bytes;
    encode_value(bytes, value);
    return bytes;
  }
  template <class T>
  Received<T> received(const Deadline& deadline) const {
    const std::optional<Parcel> parcel = get_until(deadline);
    if (!parcel) return {};
    return open_parcel<T>(*parcel);
  }

 private:
  friend class QueueTape;
  DescriptorRef sender_, receiver_;  // for descriptors in values
};

}  // namespace detail

/// A first-in, first-out queue for any number of producers and consumers in any processes. What is
/// got is a copy of what was put. A handle: its copies, here and in other processes, are the same
/// queue. A process that is killed in any moment leaves whole values only and blocks nobody; what
/// it had got is gone with it. Values lie in anonymous memory, not in a process: who has put may
/// end before anybody gets. Threads: any. Fork: usable in the child. Cost: 0.1 to 0.4 microseconds
/// each way for small values, and a wake-up where somebody sleeps (bench/queue_bench.cpp).
/// Of values with handles of shared objects some 70'000 can wait, in a queue without a limit too,
/// and as many as their user may have descriptors on the way: put() blocks while there are more.
template <class T>
class Queue : public detail::QueueHandle {
 public:
  using value_type = T;
  /// Throws SystemError.
  Queue() : Queue(0) {}
  explicit Queue(std::size_t maxsize) : QueueHandle(maxsize) {}
  explicit Queue(detail::Undecoded tag) : QueueHandle(tag) {}

  /// Appends a value, encoded in the calling thread. Blocks while the queue is full. Throws what
  /// encoding throws, SystemError when there is no memory or no descriptor for a socket more,
  /// UsageError when the queue is closed; nothing is appended then.
  void put(const T& value) const { put_until(encoded(value), std::nullopt); }
  /// The same; false when the queue was full for so long.
  template <class Rep, class Period>
  bool put_for(const T& value, std::chrono::duration<Rep, Period> timeout) const {
    return put_until(encoded(value), detail::deadline_after(timeout));
  }
  bool try_put(const T& value) const {
    return put_until(encoded(value), std::chrono::steady_clock::now());
  }

  /// Takes the oldest value. Blocks until there is one; nothing when the queue is closed and empty.
  /// Throws CodecError for what is no T: it is taken all the same; SystemError when its handles of
  /// shared objects find no free descriptor here (EMFILE), or there is no memory: it stays.
  Received<T> get() const { return received<T>(std::nullopt); }
  /// The same; nothing also when none came for so long.
  template <class Rep, class Period>
  Received<T> get_for(std::chrono::duration<Rep, Period> timeout) const {
    return received<T>(detail::deadline_after(timeout));
  }
  Received<T> try_get() const { return received<T>(std::chrono::steady_clock::now()); }
};

/// A queue without a limit, with as few words as can be.
template <class T>
class SimpleQueue : private Queue<T> {
 public:
  using value_type = T;
  SimpleQueue() = default;
  explicit SimpleQueue(detail::Undecoded tag) : Queue<T>(tag) {}
  using Queue<T>::put;
  using Queue<T>::get;
  using Queue<T>::try_get;
  using Queue<T>::get_for;
  using Queue<T>::empty;
  using Queue<T>::close;
  using Queue<T>::closed;
  using Queue<T>::save;
  using Queue<T>::load;
};

/// A queue that knows how much of what was put has been worked off.
template <class T>
class JoinableQueue : public Queue<T> {
 public:
  using Queue<T>::Queue;
  /// The consumer has done with one value that it got. Throws UsageError when that was said as
  /// often as something was put.
  void task_done() const { this->note_done(); }
  /// Blocks until everything that was put is done.
  void join() const { this->join_until(std::nullopt); }
  /// The same; false when that took longer.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> timeout) const {
    return this->join_until(detail::deadline_after(timeout));
  }
};

}  // namespace brood

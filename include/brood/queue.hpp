#pragma once

#include <cstddef>
#include <optional>

#include <brood/codec.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/codec/envelope.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/shared/handle.hpp>
#include <brood/received.hpp>

namespace brood {

namespace detail {

/// A queue without its type; Queue has the contracts.
class BROOD_API QueueHandle : public SharedHandle {
 protected:
  explicit QueueHandle(std::size_t maxsize);
  explicit QueueHandle(Undecoded) {}
  std::size_t size() const;
  bool full() const;
  std::size_t maxsize() const;
  void close() const;
  bool closed() const;
  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);
  bool put_by(const Bytes& bytes, const Deadline& deadline) const;
  std::optional<Envelope> get_by(const Deadline& deadline) const;
  void note_done() const;
  bool join_by(const Deadline& deadline) const;

  template <class T>
  static Bytes encoded(const T& value) {
    Bytes bytes;
    encode_value(bytes, value);
    return bytes;
  }
  template <class T>
  Received<T> received(const Deadline& deadline) const {
    const std::optional<Envelope> envelope = get_by(deadline);
    if (!envelope) return {};
    return open_envelope<T>(*envelope);
  }

 private:
  friend class QueueRecords;
  DescriptorRef sender_, receiver_;  // for descriptors in values
};

}  // namespace detail

/// A first-in, first-out queue for any number of producers and consumers in any processes. A
/// consumer gets a copy of the value that was put. A handle: its copies, here and in other
/// processes, are the same queue.
/// A process that is killed at any moment leaves whole values only and blocks no other process. The
/// values that it had got are gone with it. Values are kept in anonymous memory: a producer may end
/// before its values are got.
/// Values with handles of shared objects: some 70'000 can wait, also in a queue without a limit,
/// and as many as their user may have descriptors on the way. put() blocks while there are more.
/// Threads: any. Fork: the child has the same queue. Cost: 0.1 to 0.4 microseconds for a put or get
/// of a small value, and a wake-up where another thread sleeps (bench/sharing.cpp).
/// Every call throws BrokenObject when another process has overwritten the queue's memory. Layout:
/// a page with the ledger (positions and counts, kept twice, so that a process that dies between
/// two writes leaves the old ones), then records in the order of put; see src/shared/queue.md.
template <class T>
class Queue : public detail::QueueHandle {
 public:
  /// The type of a value.
  using value_type = T;
  /// A new queue without a limit. Throws SystemError.
  Queue() : QueueHandle(0) { detail::Demand<T>(); }
  /// A new queue for at most `maxsize` values (0: no limit). Throws SystemError.
  explicit Queue(std::size_t maxsize) : QueueHandle(maxsize) { detail::Demand<T>(); }

  /// Encodes a value in the calling thread and appends it. Blocks while the queue is full. Throws
  /// what encoding throws; SystemError when there is no memory, or no descriptor for one more
  /// socket; UsageError when the queue is closed. When it throws, nothing is appended.
  void put(const T& value) const {
    if constexpr (detail::Demand<T>().accepted()) put_by(encoded(value), std::nullopt);
  }
  /// Same, but waits for room for at most `timeout`. Returns whether the value was appended.
  template <class Rep, class Period>
  bool put_for(const T& value, std::chrono::duration<Rep, Period> timeout) const {
    return put_by(encoded(value), detail::deadline_after(timeout));
  }
  /// Same, but waits for room until `time` at most.
  bool put_until(const T& value, std::chrono::steady_clock::time_point time) const {
    return put_by(encoded(value), detail::deadline_at(time));
  }
  /// Same, but does not wait for room.
  bool try_put(const T& value) const {
    return put_by(encoded(value), std::chrono::steady_clock::now());
  }

  /// Takes the oldest value. Blocks until there is one. Empty when the queue is closed and has
  /// none. Throws CodecError where the value is no T, and takes it nevertheless. Throws SystemError
  /// when the value's handles of shared objects find no free descriptor here (EMFILE), or when
  /// there is no memory; then the value stays in the queue.
  Received<T> get() const { return received<T>(std::nullopt); }
  /// Same, but waits for at most `timeout`. Empty also when no value came in time.
  template <class Rep, class Period>
  Received<T> get_for(std::chrono::duration<Rep, Period> timeout) const {
    return received<T>(detail::deadline_after(timeout));
  }
  /// Same, but waits until `time` at most.
  Received<T> get_until(std::chrono::steady_clock::time_point time) const {
    return received<T>(detail::deadline_at(time));
  }
  /// Same, but does not wait.
  Received<T> try_get() const { return received<T>(std::chrono::steady_clock::now()); }

  /// Number of values in the queue, exact at one moment. This call and the following ones block
  /// only while another thread copies a value into or out of the queue.
  std::size_t size() const { return QueueHandle::size(); }
  /// Whether that is 0.
  bool empty() const { return size() == 0; }
  /// Whether the queue has a limit and holds maxsize() values, so that put() would block.
  bool full() const { return QueueHandle::full(); }
  /// Most values that the queue can hold. 0: no limit.
  std::size_t maxsize() const { return QueueHandle::maxsize(); }
  /// Closes the queue for every process: put() throws UsageError from now on; get() returns the
  /// values that are left, and then an empty Received. A second call does nothing.
  void close() const { QueueHandle::close(); }
  /// Whether the queue was closed.
  bool closed() const { return QueueHandle::closed(); }

  /// Encodes the handle; the values stay where they are. Throws CodecError where it refers to
  /// nothing.
  void save(OutputArchive& archive) const { QueueHandle::save(archive); }
  /// Decodes a handle. Throws CodecError for bytes that are no queue.
  void load(InputArchive& archive) { QueueHandle::load(archive); }

 protected:
  friend class detail::UndecodedAccess;
  explicit Queue(detail::Undecoded tag) : QueueHandle(tag) {}
};

/// A queue without a limit, with few members. Blocks and throws as a Queue. Threads, Fork,
/// Cost: as a Queue.
template <class T>
class SimpleQueue : private Queue<T> {
 public:
  /// The type of a value.
  using value_type = T;
  /// A new queue. Throws SystemError.
  SimpleQueue() = default;
  /// Encodes a value and appends it. Waits for room only as Queue::put() of a queue without a limit
  /// does: behind some 70'000 values with handles. Throws what Queue::put() throws.
  using Queue<T>::put;
  /// Takes the oldest value. Blocks until there is one. Empty when the queue is closed and has
  /// none. Throws what Queue::get() throws.
  using Queue<T>::get;
  /// Same, but does not wait.
  using Queue<T>::try_get;
  /// Same, but waits for at most the duration that is given. Empty also when no value came in time.
  using Queue<T>::get_for;
  /// Same, but waits until the time that is given at most.
  using Queue<T>::get_until;
  /// Whether there is no value in the queue.
  using Queue<T>::empty;
  /// Closes the queue for every process: put() throws UsageError from now on; get() returns the
  /// values that are left, and then an empty Received. A second call does nothing.
  using Queue<T>::close;
  /// Whether the queue was closed.
  using Queue<T>::closed;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using Queue<T>::save;
  /// Decodes a handle. Throws CodecError for bytes that are no queue.
  using Queue<T>::load;

 private:
  friend class detail::UndecodedAccess;
  explicit SimpleQueue(detail::Undecoded tag) : Queue<T>(tag) {}
};

/// A queue that counts which of the values that were put are finished. Blocks and throws as a
/// Queue. Threads, Fork, Cost: as a Queue.
template <class T>
class JoinableQueue : public Queue<T> {
 public:
  /// A new queue without a limit. Throws SystemError.
  JoinableQueue() = default;
  /// A new queue for at most `maxsize` values (0: no limit). Throws SystemError.
  explicit JoinableQueue(std::size_t maxsize) : Queue<T>(maxsize) {}

  /// Says that the consumer has finished one value that it got. Throws UsageError when this was
  /// said for all values that were put.
  void task_done() const { this->note_done(); }
  /// Blocks until task_done() was called for every value that was put.
  void join() const { this->join_by(std::nullopt); }
  /// Same, but for at most `timeout`. Returns whether all are done.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> timeout) const {
    return this->join_by(detail::deadline_after(timeout));
  }
  /// Same, but until `time` at most.
  bool join_until(std::chrono::steady_clock::time_point time) const {
    return this->join_by(detail::deadline_at(time));
  }

 private:
  friend class detail::UndecodedAccess;
  explicit JoinableQueue(detail::Undecoded tag) : Queue<T>(tag) {}
};

}  // namespace brood

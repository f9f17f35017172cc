#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include <brood/detail/duration.hpp>
#include <brood/detail/encode.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/managed_ref.hpp>
#include <brood/received.hpp>

namespace brood {

namespace detail {
/// A queue of encoded values.
class BROOD_API ManagedQueueBase : public ManagedRef {
 public:
  ManagedQueueBase() = default;

  /// Values that wait. By the time it is known it may be wrong; so for empty() and full().
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  bool full() const;
  /// Values that it holds at most; 0: as many as there is memory for.
  std::size_t maxsize() const;
  /// Ends the queue for every process: put() throws UsageError from now on; get() gives what is
  /// left and then the end of the stream. Twice is once.
  void close() const;
  bool closed() const;
  /// One of the values that were taken is done with. Throws UsageError when all were.
  void task_done() const;
  /// Blocks until every value that was put is done with.
  void join() const { join_until(std::nullopt); }
  /// Same, for at most `duration`: whether they are.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> duration) const {
    return join_until(deadline_after(duration));
  }

 protected:
  explicit ManagedQueueBase(ManagedRef object) : ManagedRef(std::move(object)) {}
  Bytes begin_put(const Deadline& deadline) const;
  bool put_request(const Bytes& request) const;
  Reply get_until(const Deadline& deadline) const;

 private:
  bool join_until(const Deadline& deadline) const;
};
}  // namespace detail

/// A queue in a manager's server, first in, first out. A consumer that is killed while it waits, or
/// before it has what it waited for, takes nothing with it: the value goes to the next one. The
/// server keeps what a thread has got until it knows that: some milliseconds, or its next call.
/// Throws SystemError when the server has ended, CodecError for what cannot travel.
/// Threads: any number, in any number of processes. Fork: the child has the same queue.
template <class T>
class ManagedQueue : public detail::ManagedQueueBase {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedQueue() = default;
  explicit ManagedQueue(detail::ManagedRef object) : ManagedQueueBase(std::move(object)) {}

  /// Blocks while the queue is full. Throws UsageError when it is closed.
  void put(const T& value) const { put_until(value, std::nullopt); }
  /// Whether there was room within `duration`.
  template <class Rep, class Period>
  bool put_for(const T& value, std::chrono::duration<Rep, Period> duration) const {
    return put_until(value, detail::deadline_after(duration));
  }
  bool try_put(const T& value) const { return put_until(value, std::chrono::steady_clock::now()); }
  /// Takes the oldest value. Blocks until there is one; nothing when the queue is closed and empty.
  Received<T> get() const { return received(std::nullopt); }
  /// Same; nothing also when none came within `duration`.
  template <class Rep, class Period>
  Received<T> get_for(std::chrono::duration<Rep, Period> duration) const {
    return received(detail::deadline_after(duration));
  }
  Received<T> try_get() const { return received(std::chrono::steady_clock::now()); }

 private:
  bool put_until(const T& value, const detail::Deadline& deadline) const {
    detail::Bytes request = begin_put(deadline);
    detail::encode_value(request, value);
    return put_request(request);
  }
  Received<T> received(const detail::Deadline& deadline) const {
    const detail::Reply reply = get_until(deadline);
    Reader source = reply.reader();
    if (!detail::decode_value<bool>(source)) return {};
    return detail::decode_value<T>(source);
  }
};

}  // namespace brood

#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/codec/encode.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/manager/ref.hpp>
#include <brood/received.hpp>

namespace brood {

namespace detail {
/// A managed queue without its type: it holds encoded values. ManagedQueue has the contracts.
class BROOD_API ManagedQueueBase : public ManagedRef {
 protected:
  ManagedQueueBase() = default;
  explicit ManagedQueueBase(ManagedRef object) : ManagedRef(std::move(object)) {}
  std::size_t size() const;
  bool full() const;
  std::size_t maxsize() const;
  void close() const;
  bool closed() const;
  void task_done() const;
  bool join_by(const Deadline& deadline) const;
  Bytes begin_put(const Deadline& deadline) const;
  bool put_request(const Bytes& request) const;
  Reply get_by(const Deadline& deadline) const;
};
}  // namespace detail

/// A queue in a manager's server, first in, first out, made by Manager::queue. A handle: copies are
/// the same queue, and == tells whether two handles are of the same one. When a consumer is killed
/// while it waits, or before it has received its value, the value goes to the next consumer. For
/// that the server keeps a value until it knows that it was received: some milliseconds, or until
/// the thread's next call. Throws SystemError when the server has ended, CodecError for a value
/// that cannot be sent, QuotaError for a remote program. Threads: any number, in any number of
/// processes. Fork: the child has the same queue. Cost: a message and its answer for each call,
/// some 20 µs.
template <class T>
class ManagedQueue : public detail::ManagedQueueBase {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedQueue() = default;

  /// Appends a value. Blocks while the queue is full. Throws UsageError when it is closed.
  void put(const T& value) const { put_by(value, std::nullopt); }
  /// Same, but waits for room for at most `duration`. Returns whether the value was appended.
  template <class Rep, class Period>
  bool put_for(const T& value, std::chrono::duration<Rep, Period> duration) const {
    return put_by(value, detail::deadline_after(duration));
  }
  /// Same, but waits for room until `time` at most.
  bool put_until(const T& value, std::chrono::steady_clock::time_point time) const {
    return put_by(value, detail::deadline_at(time));
  }
  /// Same, but does not wait for room.
  bool try_put(const T& value) const { return put_by(value, std::chrono::steady_clock::now()); }
  /// Takes the oldest value. Blocks until there is one. Empty when the queue is closed and has
  /// none.
  Received<T> get() const { return received(std::nullopt); }
  /// Same, but waits for at most `duration`. Empty also when no value came in time.
  template <class Rep, class Period>
  Received<T> get_for(std::chrono::duration<Rep, Period> duration) const {
    return received(detail::deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  Received<T> get_until(std::chrono::steady_clock::time_point time) const {
    return received(detail::deadline_at(time));
  }
  /// Same, but does not wait.
  Received<T> try_get() const { return received(std::chrono::steady_clock::now()); }

  /// Number of values in the queue. Other processes may have changed it by the time that the call
  /// returns.
  std::size_t size() const { return ManagedQueueBase::size(); }
  /// Whether that is 0.
  bool empty() const { return size() == 0; }
  /// Whether that is maxsize().
  bool full() const { return ManagedQueueBase::full(); }
  /// Most values that the queue can hold. 0: no limit but memory.
  std::size_t maxsize() const { return ManagedQueueBase::maxsize(); }
  /// Closes the queue for every process: put() throws UsageError from now on; get() returns the
  /// values that are left, and then an empty Received. A second call does nothing.
  void close() const { ManagedQueueBase::close(); }
  /// Whether the queue was closed.
  bool closed() const { return ManagedQueueBase::closed(); }

  /// Says that the consumer has finished one value that it got. Throws UsageError when this was
  /// said for all values that were put.
  void task_done() const { ManagedQueueBase::task_done(); }
  /// Blocks until task_done() was called for every value that was put.
  void join() const { join_by(std::nullopt); }
  /// Same, but for at most `duration`. Returns whether all are done.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> duration) const {
    return join_by(detail::deadline_after(duration));
  }
  /// Same, but until `time` at most.
  bool join_until(std::chrono::steady_clock::time_point time) const {
    return join_by(detail::deadline_at(time));
  }

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit ManagedQueue(detail::ManagedRef object) : ManagedQueueBase(std::move(object)) {}
  bool put_by(const T& value, const detail::Deadline& deadline) const {
    detail::Bytes request = begin_put(deadline);
    detail::encode_value(request, value);
    return put_request(request);
  }
  Received<T> received(const detail::Deadline& deadline) const {
    std::optional<T> value = get_by(deadline).template get_if_any<T>();
    if (!value) return {};
    return std::move(*value);
  }
};

}  // namespace brood

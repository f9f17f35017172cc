#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/detail/export.hpp>
#include <brood/detail/manager/ref.hpp>
#include <brood/detail/manager/served_call.hpp>
#include <brood/detail/manager/served_containers.hpp>
#include <brood/managed_conditions.hpp>
#include <brood/managed_containers.hpp>
#include <brood/managed_locks.hpp>
#include <brood/managed_queue.hpp>
#include <brood/managed_space.hpp>
#include <brood/proxy.hpp>

namespace brood {

/// Makes objects in a manager's server: the part of a Manager that does. Each function makes a new
/// object and blocks until it is made. Throws SystemError when the server has ended or has no
/// descriptors left; QuotaError for a remote program. Threads: any. Fork: a forked child can make
/// objects as its parent can. Cost: a message and its answer, some 20 µs.
class BROOD_API ObjectFactory {
 public:
  ObjectFactory(const ObjectFactory&) = delete;
  ObjectFactory& operator=(const ObjectFactory&) = delete;

  /// An empty dictionary.
  template <class K, class V>
  ManagedDict<K, V> dict() const {
    return ManagedDict<K, V>(make<detail::ServedDict<K, V>>());
  }
  /// An empty list.
  template <class T>
  ManagedList<T> list() const {
    return ManagedList<T>(make<detail::ServedList<T>>());
  }
  /// A value.
  template <class T>
  ManagedValue<T> value(const T& initial = T()) const {
    return ManagedValue<T>(make<detail::ServedValue<T>>(initial));
  }
  /// A space without names.
  ManagedSpace space() const;
  /// A queue for at most `maxsize` values. 0: no limit but memory.
  template <class T>
  ManagedQueue<T> queue(std::size_t maxsize = 0) const {
    return ManagedQueue<T>(make_queue(maxsize));
  }
  /// A lock that no thread holds.
  ManagedLock lock() const;
  /// A lock that no thread holds, and that the thread which holds it may acquire again.
  ManagedRLock rlock() const;
  /// A semaphore with `count` permits. Throws UsageError for a negative count.
  ManagedSemaphore semaphore(std::int64_t count = 1) const;
  /// Same, but it never has more permits than at first.
  ManagedBoundedSemaphore bounded_semaphore(std::int64_t count = 1) const;
  /// An event, not set.
  ManagedEvent event() const;
  /// A condition with a ManagedRLock of its own, or with `lock`. Throws UsageError for a lock of
  /// another manager.
  ManagedCondition condition() const { return condition(rlock()); }
  ManagedCondition condition(const ManagedLock& lock) const { return condition_with(lock); }
  ManagedCondition condition(const ManagedRLock& lock) const { return condition_with(lock); }
  /// A barrier. Throws UsageError for less than one party.
  ManagedBarrier barrier(std::int64_t parties) const;

  /// An object of any type, T(args...). Throws also what the constructor throws, and CodecError for
  /// arguments that cannot be sent.
  template <class T, class... Args>
  Proxy<T> make(const Args&... arguments) const {
    return Proxy<T>(detail::call_stub<detail::ManagedRef>(
        root_, &detail::run_make<T, detail::stored_t<Args>...>, arguments...));
  }

 protected:
  ObjectFactory() = default;
  ~ObjectFactory() = default;

  detail::ManagedRef root_;

 private:
  detail::ManagedRef make_queue(std::size_t maxsize) const;
  ManagedCondition condition_with(const detail::ManagedRef& lock) const;
};

}  // namespace brood

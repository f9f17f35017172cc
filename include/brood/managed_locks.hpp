#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/manager/acquirable.hpp>
#include <brood/detail/manager/ref.hpp>
#include <brood/managed_conditions.hpp>

namespace brood {

namespace detail {
/// What ManagedLock and ManagedRLock have in common; they have the contracts.
class BROOD_API ManagedMutex : public ManagedRef, public RemotelyAcquirable<ManagedMutex> {
 protected:
  ManagedMutex() = default;
  explicit ManagedMutex(ManagedRef object) : ManagedRef(std::move(object)) {}
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  bool acquire_by(const Deadline& deadline) const;
  void release() const;
  bool locked() const;
  bool owner_died() const;

 private:
  friend class Acquirable<ManagedMutex>;
  friend class RemotelyAcquirable<ManagedMutex>;
};
}  // namespace detail

/// A mutex for threads of any processes, made by Manager::lock. Only the thread that acquired it
/// can release it. When that thread or its process ends before, the next thread gets the lock, and
/// owner_died() is true.
/// Works between machines; on one, brood::Lock, which is in shared memory, is a thousand times
/// faster. A process that is killed while it waits takes nothing with it. A handle: copies are the
/// same lock, and == tells whether two handles are of the same one. Every call sends a message and
/// blocks until the answer is there. Throws SystemError when the server has ended or can serve no
/// further thread, QuotaError for a remote program. Threads: any number, in any number of
/// processes. Fork: the child has the same lock, and does not hold it. Cost: some 20 µs for a call.
class BROOD_API ManagedLock : public detail::ManagedMutex {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedLock() = default;

  /// Acquires the lock. Blocks until this thread holds it. Throws UsageError where this thread
  /// holds it already, since it would wait for itself.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Acquires the lock if it is free. Returns whether it was: false also where this thread holds it
  /// already.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases the lock. Throws UsageError unless the calling thread holds it.
  void release() const { ManagedMutex::release(); }
  /// Whether a thread holds the lock now.
  bool locked() const { return ManagedMutex::locked(); }
  /// Whether the previous holder, a thread or its process, ended without releasing the lock: what
  /// the lock guards may then be half changed. Tells of the latest acquisition by any process.
  bool owner_died() const { return ManagedMutex::owner_died(); }

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using ManagedMutex::lock;
  /// Does what try_acquire() does.
  using ManagedMutex::try_lock;
  /// Does what try_acquire_for() does.
  using ManagedMutex::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using ManagedMutex::try_lock_until;
  /// Does what release() does, but throws no SystemError, and no UsageError while an exception is
  /// on its way: the destructor of a guard calls it.
  using ManagedMutex::unlock;

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit ManagedLock(ManagedRef object) : ManagedMutex(std::move(object)) {}
};

/// A ManagedLock that the thread which holds it may acquire again, made by Manager::rlock. It is
/// free after as many releases.
/// Works between machines; on one, brood::RLock, which is in shared memory, is a thousand times
/// faster. A process that is killed while it waits takes nothing with it. A handle: copies are the
/// same lock, and == tells whether two handles are of the same one. Every call sends a message and
/// blocks until the answer is there. Throws SystemError when the server has ended or can serve no
/// further thread, QuotaError for a remote program. Threads: any number, in any number of
/// processes. Fork: the child has the same lock, and does not hold it. Cost: some 20 µs for a call.
class BROOD_API ManagedRLock : public detail::ManagedMutex {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedRLock() = default;

  /// Acquires the lock, perhaps once more. Blocks while another thread holds it.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Acquires the lock unless another thread holds it. Returns whether it was acquired.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Takes one acquisition back; the last one releases the lock. Throws UsageError unless the
  /// calling thread holds it.
  void release() const { ManagedMutex::release(); }
  /// Whether a thread holds the lock now.
  bool locked() const { return ManagedMutex::locked(); }
  /// Whether the previous holder, a thread or its process, ended without releasing the lock: what
  /// the lock guards may then be half changed. Tells of the latest acquisition by any process.
  bool owner_died() const { return ManagedMutex::owner_died(); }

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using ManagedMutex::lock;
  /// Does what try_acquire() does.
  using ManagedMutex::try_lock;
  /// Does what try_acquire_for() does.
  using ManagedMutex::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using ManagedMutex::try_lock_until;
  /// Does what release() does, but throws no SystemError, and no UsageError while an exception is
  /// on its way: the destructor of a guard calls it.
  using ManagedMutex::unlock;

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  explicit ManagedRLock(ManagedRef object) : ManagedMutex(std::move(object)) {}
};

/// A number of permits, made by Manager::semaphore: acquire() takes one, release() adds one, in any
/// thread. When a process ends, the permits that it took stay taken; those of a bounded semaphore
/// come back.
/// Works between machines; on one, brood::Semaphore, which is in shared memory, is a thousand times
/// faster. A process that is killed while it waits takes nothing with it. A handle: copies are the
/// same semaphore, and == tells whether two handles are of the same one. Every call sends a message
/// and blocks until the answer is there. Throws SystemError when the server has ended or can serve
/// no further thread, QuotaError for a remote program. Threads: any number, in any number of
/// processes. Fork: the child has the same semaphore, and none of the permits. Cost: some 20 µs for
/// a call.
class BROOD_API ManagedSemaphore : public detail::ManagedRef,
                                   public detail::RemotelyAcquirable<ManagedSemaphore> {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedSemaphore() = default;

  /// Acquires a permit. Blocks until there is one.
  void acquire() const { static_cast<void>(acquire_by(std::nullopt)); }
  /// Acquires a permit if there is one. Returns whether there was.
  bool try_acquire() const { return acquire_by(std::chrono::steady_clock::now()); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases `count` permits. Throws UsageError for less than one, and where a bounded semaphore
  /// would then have more than at first.
  void release(std::int64_t count = 1) const;
  /// Number of free permits.
  std::int64_t value() const;

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using RemotelyAcquirable::lock;
  /// Does what try_acquire() does.
  using RemotelyAcquirable::try_lock;
  /// Does what try_acquire_for() does.
  using RemotelyAcquirable::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using RemotelyAcquirable::try_lock_until;
  /// Does what release() does, but throws no SystemError, and no UsageError while an exception is
  /// on its way: the destructor of a guard calls it.
  using RemotelyAcquirable::unlock;

  /// Whether it refers to an object.
  using ManagedRef::operator bool;
  /// Encodes the handle. Throws CodecError where it refers to nothing.
  using ManagedRef::save;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  using ManagedRef::load;

 private:
  friend class ObjectFactory;
  friend class detail::Acquirable<ManagedSemaphore>;
  explicit ManagedSemaphore(ManagedRef object) : ManagedRef(std::move(object)) {}
  bool acquire_by(const detail::Deadline& deadline) const;
};
/// Made by Manager::bounded_semaphore. It cannot be released more often than acquired.
using ManagedBoundedSemaphore = ManagedSemaphore;

}  // namespace brood

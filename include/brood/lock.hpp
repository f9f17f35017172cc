#pragma once

#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/shared/handle.hpp>

namespace brood {

class Condition;

namespace detail {

class DataHandle;

/// What Lock and RLock have in common; they have the contracts.
/// Layout: memory of its own with a header and a mutex (a robust futex).
class BROOD_API MutexHandle : public SharedHandle, public Acquirable<MutexHandle> {
 protected:
  MutexHandle() = default;
  MutexHandle(DescriptorRef descriptor, void* state) noexcept
      : SharedHandle(std::move(descriptor), state) {}

  void acquire() const;
  bool try_acquire() const;
  bool acquire_by(Deadline deadline) const;
  void release() const;
  bool owner_died() const noexcept;
  bool locked() const noexcept;
  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  friend class brood::Condition;
  friend class Acquirable<MutexHandle>;
  void demand_held() const;
  unsigned release_all() const;
  void acquire_again(unsigned depth) const;
  bool enter_again(Deadline deadline) const;
  void enter(bool after_a_death) const;
};

}  // namespace detail

/// A mutex for threads of any processes. A holder that dies does not block the others: the next
/// thread gets the lock, and owner_died() is true for it. Works with std::unique_lock,
/// std::scoped_lock and std::lock_guard.
/// Unlike Python's lock, it can be released only by the thread that acquired it. Where another
/// thread shall release it, use Semaphore(1).
/// A handle: a copy, in this process or another, is the same lock.
/// Threads: any. A thread may hold 2'000 locks at a time: beyond 2'048 the kernel does not pass
/// them on when their holder dies. A handle may be destroyed while the lock is held: the lock then
/// stays held, and its descriptor open in this process, until the thread ends. Fork: the child has
/// the same lock, and does not hold it.
/// Throws BrokenObject when another process has overwritten the lock's memory. Cost: no system call
/// unless a thread waits.
/// Layout: memory of its own with a header and a mutex (a robust futex).
class BROOD_API Lock : public detail::MutexHandle {
 public:
  /// A new lock. Throws SystemError.
  Lock();

  /// Acquires the lock. Blocks until this thread holds it. Throws UsageError where this thread
  /// holds it already, since it would wait for itself. Cost: some 30 ns when the lock is free.
  void acquire() const { MutexHandle::acquire(); }
  /// Acquires the lock if it is free. Never blocks. Returns whether it was free: false also where
  /// this thread holds it already.
  bool try_acquire() const { return MutexHandle::try_acquire(); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases the lock. Never blocks. Throws UsageError unless the calling thread holds it.
  void release() const { MutexHandle::release(); }
  /// Whether the previous holder, a thread or its process, ended without releasing the lock: what
  /// the lock guards may then be half changed. Tells of the latest acquisition by this process.
  bool owner_died() const noexcept { return MutexHandle::owner_died(); }
  /// Whether a thread holds the lock now. True also while the lock of a dead holder has no new one.
  bool locked() const noexcept { return MutexHandle::locked(); }

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using MutexHandle::lock;
  /// Does what try_acquire() does.
  using MutexHandle::try_lock;
  /// Does what try_acquire_for() does.
  using MutexHandle::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using MutexHandle::try_lock_until;
  /// Does what release() does, but throws no BrokenObject: the destructor of a guard calls it.
  using MutexHandle::unlock;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const { MutexHandle::save(archive); }
  /// Decodes a handle. Throws CodecError for bytes that are no lock.
  void load(InputArchive& archive) { MutexHandle::load(archive); }

 private:
  friend class detail::UndecodedAccess;
  explicit Lock(detail::Undecoded) {}
};

/// A Lock that the thread which holds it may acquire again. It is free after as many releases.
/// A function blocks only where it says so. Throws BrokenObject as a Lock does. Threads, Fork,
/// Layout, Cost: as a Lock.
class BROOD_API RLock : public detail::MutexHandle {
 public:
  /// A new lock. Throws SystemError.
  RLock();

  /// Acquires the lock, perhaps once more. Blocks while another thread holds it. Cost: some 30 ns
  /// when the lock is free.
  void acquire() const { MutexHandle::acquire(); }
  /// Acquires the lock unless another thread holds it. Never blocks. Returns whether it was
  /// acquired.
  bool try_acquire() const { return MutexHandle::try_acquire(); }
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Takes one acquisition back; the last one releases the lock. Never blocks. Throws UsageError
  /// unless the calling thread holds it.
  void release() const { MutexHandle::release(); }
  /// Whether the previous holder, a thread or its process, ended without releasing the lock: what
  /// the lock guards may then be half changed. Tells of the latest acquisition by this process.
  bool owner_died() const noexcept { return MutexHandle::owner_died(); }
  /// Whether a thread holds the lock now. True also while the lock of a dead holder has no new one.
  bool locked() const noexcept { return MutexHandle::locked(); }

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using MutexHandle::lock;
  /// Does what try_acquire() does.
  using MutexHandle::try_lock;
  /// Does what try_acquire_for() does.
  using MutexHandle::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using MutexHandle::try_lock_until;
  /// Does what release() does, but throws no BrokenObject: the destructor of a guard calls it.
  using MutexHandle::unlock;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const { MutexHandle::save(archive); }
  /// Decodes a handle. Throws CodecError for bytes that are no lock.
  void load(InputArchive& archive) { MutexHandle::load(archive); }

 private:
  friend class detail::DataHandle;
  friend class detail::UndecodedAccess;
  explicit RLock(detail::Undecoded) {}
  RLock(detail::DescriptorRef descriptor, void* state) noexcept
      : MutexHandle(std::move(descriptor), state) {}
};

}  // namespace brood

#pragma once

#include <brood/detail/shared/handle.hpp>

namespace brood {

class Condition;

namespace detail {

class DataHandle;

/// What Lock and RLock have in common.
/// Throws BrokenObject when another process has overwritten the lock's memory.
/// Layout: memory of its own with a header and a mutex (a robust futex).
class BROOD_API MutexHandle : public SharedHandle, public Acquirable<MutexHandle> {
 public:
  /// Blocks until this thread holds the lock. Throws UsageError where this thread holds the Lock
  /// already, since it would wait for itself. Cost: some 30 ns when the lock is free.
  void acquire() const;
  /// Acquires the lock if it is free. Never blocks. False when another thread holds it, and when
  /// this thread holds a Lock (no RLock) already.
  bool try_acquire() const;
  /// Releases the lock; of an RLock, one acquisition. Never blocks. Throws UsageError unless the
  /// calling thread holds it.
  void release() const;
  /// Whether the previous holder, a thread or its process, ended without releasing the lock: what
  /// the lock guards may then be half changed. Tells of the latest acquisition by this process.
  bool owner_died() const noexcept;
  /// Whether a thread holds the lock now. True also while the lock of a dead holder has no new one.
  bool locked() const noexcept;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no lock.
  void load(InputArchive& archive);

 protected:
  MutexHandle() = default;
  MutexHandle(DescriptorRef descriptor, void* state) noexcept
      : SharedHandle(std::move(descriptor), state) {}

 private:
  friend class brood::Condition;
  friend class Acquirable<MutexHandle>;
  bool acquire_by(Deadline deadline) const;
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
class BROOD_API Lock : public detail::MutexHandle {
 public:
  /// A new lock. Throws SystemError.
  Lock();

 private:
  friend class detail::UndecodedAccess;
  explicit Lock(detail::Undecoded) {}
};

/// A Lock that the thread which holds it may acquire again. It is free after as many releases.
class BROOD_API RLock : public detail::MutexHandle {
 public:
  /// A new lock. Throws SystemError.
  RLock();

 private:
  friend class detail::DataHandle;
  friend class detail::UndecodedAccess;
  explicit RLock(detail::Undecoded) {}
  RLock(detail::DescriptorRef descriptor, void* state) noexcept
      : MutexHandle(std::move(descriptor), state) {}
};

}  // namespace brood

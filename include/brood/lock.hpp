#pragma once

#include <brood/detail/shared_handle.hpp>

namespace brood {

class Condition;

namespace detail {

class DataHandle;

/// What Lock and RLock have in common.
/// Layout: memory of its own with a header and a mutex (a robust futex).
class BROOD_API MutexHandle : public SharedHandle, public Acquirable<MutexHandle> {
 public:
  /// Waits until this thread holds it. Throws UsageError where that would be for ever: this thread
  /// holds the Lock already.
  /// Threads: any. Cost: some 30 ns when it is free.
  void acquire() const;
  /// Never blocks; false when another thread holds it, and for a Lock that this one holds.
  bool try_acquire() const;
  /// Whether this thread holds it before the deadline; nothing means for ever.
  bool try_acquire_until(Deadline deadline) const;
  /// Throws UsageError unless the calling thread holds it.
  void release() const;
  /// Whether the thread that held it before had died, or its process, without releasing it: what
  /// the lock guards may be half done. Tells of this process's latest acquisition.
  bool owner_died() const noexcept;
  /// Whether anybody holds it now; true also while nobody has taken over from one who died.
  bool locked() const noexcept;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 protected:
  MutexHandle() = default;
  MutexHandle(DescriptorRef descriptor, void* state) noexcept
      : SharedHandle(std::move(descriptor), state) {}

 private:
  friend class brood::Condition;
  void demand_held() const;
  unsigned release_all() const;
  void acquire_again(unsigned depth) const;
  bool enter_again(Deadline deadline) const;
  void enter(bool after_a_death) const;
};

}  // namespace detail

/// A mutual exclusion between threads of any processes. A holder that dies never blocks the others:
/// the next one gets the lock, and owner_died() tells it. std::unique_lock and its kin take it.
/// Unlike Python's, it is released by the thread that acquired it and by no other: where one shall
/// wait for another's release, use Semaphore(1).
/// A handle: a copy, in this process or another, is the same lock.
/// Threads: any; one may hold 2'000 at a time: of more than 2'048 the kernel does not tell the next
/// when their holder has died. A handle may be destroyed while the lock is held, which stays held
/// then until the thread ends, and keeps its descriptor in this process until then.
/// Fork: the child has the same lock, and does not hold it.
class BROOD_API Lock : public detail::MutexHandle {
 public:
  /// A new lock. Throws SystemError.
  Lock();
  explicit Lock(detail::Undecoded) {}
};

/// A Lock that the thread which holds it may acquire again; as many releases give it back.
class BROOD_API RLock : public detail::MutexHandle {
 public:
  /// A new lock. Throws SystemError.
  RLock();
  explicit RLock(detail::Undecoded) {}

 private:
  friend class detail::DataHandle;
  RLock(detail::DescriptorRef descriptor, void* state) noexcept
      : MutexHandle(std::move(descriptor), state) {}
};

}  // namespace brood

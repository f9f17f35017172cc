#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <brood/detail/chrono.hpp>
#include <brood/detail/shared/handle.hpp>

namespace brood {

/// A number of permits: acquire() takes one, release() adds one, in any thread of any process. The
/// permits that a dead process had taken do not come back, since a semaphore may also count things
/// that one process makes and another takes. Those of a BoundedSemaphore come back.
/// A handle: a copy, in this process or another, is the same semaphore.
/// Threads: any. Fork: the child has the same semaphore. Throws BrokenObject when another process
/// has overwritten the semaphore's memory. Cost: no system call unless a thread waits.
/// Layout: memory of its own with a header, the number of permits and that of waiters.
class BROOD_API Semaphore : public detail::SharedHandle, public detail::Acquirable<Semaphore> {
 public:
  /// A new semaphore with 1 permit. Throws SystemError.
  Semaphore() : Semaphore(1) {}
  /// A new semaphore with `value` permits. Throws UsageError unless `value` is from 0 to
  /// 2'147'483'647; SystemError.
  explicit Semaphore(std::int64_t value);

  /// Acquires a permit. Blocks until there is one.
  void acquire() const { acquire_by(std::nullopt); }
  /// Acquires a permit if there is one. Returns whether there was. Never blocks.
  bool try_acquire() const;
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases `count` permits. Never blocks. Throws UsageError for a negative count, and where
  /// there would then be more than 2'147'483'647.
  void release(std::int64_t count = 1) const;
  /// Number of free permits.
  std::int64_t value() const noexcept;

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using Acquirable::lock;
  /// Does what try_acquire() does.
  using Acquirable::try_lock;
  /// Does what try_acquire_for() does.
  using Acquirable::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using Acquirable::try_lock_until;
  /// Does what release() does, but throws no BrokenObject: the destructor of a guard calls it.
  using Acquirable::unlock;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no Semaphore.
  void load(InputArchive& archive);

 private:
  friend class detail::Acquirable<Semaphore>;
  friend class detail::UndecodedAccess;
  explicit Semaphore(detail::Undecoded) {}
  bool acquire_by(const detail::Deadline& deadline) const;
};

/// A semaphore that cannot be released more often than acquired, so it never has more permits than
/// at first. The permits of a process that has died come back when another process waits for one;
/// owner_died() is then true for the process that acquires one.
/// Another process than the one that acquired a permit may release it. If the releasing process
/// holds permits, that counts as one of its own; else as one of another holder.
/// A handle: a copy, in this process or another, is the same semaphore. All processes that use it
/// must be in one pid namespace.
/// Threads: any. Fork: the child has the same semaphore, and none of the permits. Throws
/// BrokenObject when another process has overwritten the semaphore's memory. Cost: a look at each
/// row of the table, and no system call unless a thread waits. Layout: memory of its own with a
/// header, and a table of the holders and their counts under a robust lock.
class BROOD_API BoundedSemaphore : public detail::SharedHandle,
                                   public detail::Acquirable<BoundedSemaphore> {
 public:
  /// Number of processes that can hold permits at a time so that these come back when they die. The
  /// permits of further processes do not.
  static constexpr std::size_t remembered_processes = 1024;

  /// A new semaphore with 1 permit. Throws SystemError.
  BoundedSemaphore() : BoundedSemaphore(1) {}
  /// A new semaphore with `value` permits. Throws UsageError unless `value` is from 0 to
  /// 2'147'483'647; SystemError.
  explicit BoundedSemaphore(std::int64_t value);

  /// Acquires a permit. Blocks until there is one. Cost: 20 times a second one of the waiters looks
  /// whether the holders live.
  void acquire() const { acquire_by(std::nullopt); }
  /// Acquires a permit if there is one. Returns whether there was. Does not wait for one.
  bool try_acquire() const;
  /// Same, but blocks for at most `duration`: not at all where that is not positive.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) const {
    return acquire_by(detail::deadline_after(duration));
  }
  /// Same, but blocks until `time` at most.
  bool try_acquire_until(std::chrono::steady_clock::time_point time) const {
    return acquire_by(detail::deadline_at(time));
  }
  /// Releases a permit. Throws UsageError when all permits are free already.
  void release() const;
  /// Number of free permits.
  std::int64_t value() const noexcept;
  /// Whether the last permit that this process acquired had been that of a dead process.
  bool owner_died() const noexcept;

  // The names of the standard library, for std::unique_lock and its kin.

  /// Does what acquire() does.
  using Acquirable::lock;
  /// Does what try_acquire() does.
  using Acquirable::try_lock;
  /// Does what try_acquire_for() does.
  using Acquirable::try_lock_for;
  /// Does what try_acquire_until() does, in any unit of time.
  using Acquirable::try_lock_until;
  /// Does what release() does, but throws no BrokenObject: the destructor of a guard calls it.
  using Acquirable::unlock;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no BoundedSemaphore.
  void load(InputArchive& archive);

 private:
  friend class detail::Acquirable<BoundedSemaphore>;
  friend class detail::UndecodedAccess;
  explicit BoundedSemaphore(detail::Undecoded) {}
  bool acquire_by(const detail::Deadline& deadline) const;
  bool take(const detail::Deadline& deadline) const;
};

}  // namespace brood

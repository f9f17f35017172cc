#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/detail/shared_handle.hpp>

namespace brood {

/// A number of permits: acquire takes one, release adds one, by any thread of any process. A permit
/// that a dead process had taken does not come back, for this is also how one tells another that
/// something is there; BoundedSemaphore gives it back.
/// A handle: a copy, in this process or another, is the same semaphore.
/// Threads: any. Fork: the child has the same semaphore.
/// Layout: memory of its own with a header, the number of permits and that of waiters.
class BROOD_API Semaphore : public detail::SharedHandle, public detail::Acquirable<Semaphore> {
 public:
  /// A new one. Throws UsageError unless `value` is from 0 to 2'147'483'647, SystemError.
  Semaphore() : Semaphore(1) {}
  explicit Semaphore(std::int64_t value);
  explicit Semaphore(detail::Undecoded) {}

  /// Waits for a permit.
  void acquire() const { try_acquire_until(std::nullopt); }
  /// Never blocks.
  bool try_acquire() const;
  /// Whether there was a permit before the deadline; nothing means for ever.
  bool try_acquire_until(detail::Deadline deadline) const;
  /// Adds permits. Never blocks. Throws UsageError when there would be more than 2'147'483'647.
  void release(std::int64_t count = 1) const;
  /// Permits that nobody has now.
  std::int64_t value() const noexcept;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);
};

/// A semaphore that never has more permits than at first: permits are lent and given back. Those of
/// a process that has died come back by themselves, when somebody waits for one, and owner_died()
/// tells who gets such a one.
/// A permit may be released by another process than the one that acquired it. Then it counts as
/// given back by that one if it has any, or else by one of those that have.
/// A handle: a copy, in this process or another, is the same semaphore. All of its processes see
/// the same process numbers (they are in one pid namespace).
/// Threads: any. Fork: the child has the same semaphore, and none of the permits.
/// Layout: memory of its own with a header, and a table of who holds how many under a robust lock.
class BROOD_API BoundedSemaphore : public detail::SharedHandle,
                                   public detail::Acquirable<BoundedSemaphore> {
 public:
  /// Permits of more processes than these at a time do not come back when they die.
  static constexpr std::size_t remembered_processes = 1024;

  /// A new one. Throws UsageError unless `value` is from 0 to 2'147'483'647, SystemError.
  BoundedSemaphore() : BoundedSemaphore(1) {}
  explicit BoundedSemaphore(std::int64_t value);
  explicit BoundedSemaphore(detail::Undecoded) {}

  /// Waits for a permit. Cost: looks after the holders 20 times a second while it waits.
  void acquire() const { try_acquire_until(std::nullopt); }
  /// Does not wait for a permit.
  bool try_acquire() const;
  /// Whether there was a permit before the deadline; nothing means for ever.
  bool try_acquire_until(detail::Deadline deadline) const;
  /// Gives a permit back. Throws UsageError when there are as many as at first.
  void release() const;
  /// Permits that nobody has now.
  std::int64_t value() const noexcept;
  /// Whether the permit that this process got last was that of a dead one.
  bool owner_died() const noexcept;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  bool take(const detail::Deadline& deadline) const;
};

}  // namespace brood

#pragma once

#include <exception>

#include "pool/base/core_lock.hpp"

namespace brood::pool {

/// Why no call of a pool can end well any more: README.md, "What goes wrong in the owner".
/// Threads: any, under the core's lock.
class Collapse {
 public:
  /// A thread leaves the lock by an exception, halfway through a change: the dispatcher's next turn
  /// ends it all.
  void tear(const std::exception_ptr& error) noexcept BROOD_REQUIRES(core_lock) {
    if (!torn_) torn_ = error;
  }
  bool is_torn() const noexcept BROOD_REQUIRES(core_lock) { return torn_ != nullptr; }
  /// Throws what tear() was given.
  void check_torn() const BROOD_REQUIRES(core_lock) {
    if (torn_) std::rethrow_exception(torn_);
  }

  /// Every call ends by `reason`, and so do later ones.
  void come(const std::exception_ptr& reason) noexcept BROOD_REQUIRES(core_lock) {
    reason_ = reason;
  }
  bool has_come() const noexcept BROOD_REQUIRES(core_lock) { return reason_ != nullptr; }
  /// Whether it has, or the next turn brings it: nothing is to be changed any more.
  bool is_certain() const noexcept BROOD_REQUIRES(core_lock) { return is_torn() || has_come(); }
  /// Throws the reason of come().
  void check() const BROOD_REQUIRES(core_lock) {
    if (reason_) std::rethrow_exception(reason_);
  }

 private:
  std::exception_ptr torn_ BROOD_GUARDED_BY(core_lock);
  std::exception_ptr reason_ BROOD_GUARDED_BY(core_lock);
};

}  // namespace brood::pool

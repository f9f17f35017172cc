#pragma once

#include <exception>
#include <new>
#include <optional>

#include <brood/errors.hpp>
#include "pool/channels/locked_borrowing.hpp"
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// How callers' threads change what they share with the dispatcher. Threads: any.
class CallerAccess final : public LockedBorrowing {
 public:
  CallerAccess(PoolState& state, Dispatcher& dispatcher) noexcept
      : state_(state), dispatcher_(dispatcher) {}

  /// The dispatcher has something to do.
  void wake() const noexcept BROOD_EXCLUDES(core_lock) {
    if (!dispatcher_.wake()) state_.lose_descriptors();
  }
  /// What `body` returns. Changes the driver's state: if memory is refused halfway, the dispatcher
  /// ends it all. Else a thread would wait for what no state knows of.
  template <class Body>
  auto under_lock(Body body) const BROOD_EXCLUDES(core_lock) {
    const CoreGuard lock(state_.mutex());
    try {
      return body();
    } catch (const Error&) {
      throw;  // a precondition that was checked first
    } catch (...) {
      state_.collapse().tear(std::current_exception());
      dispatcher_.wake();
      throw;
    }
  }
  /// The same where the dispatcher's end of it all will do as well: in destructors, that is.
  template <class Body>
  void unless_out_of_memory(Body body) const BROOD_EXCLUDES(core_lock) {
    try {
      under_lock(body);
    } catch (const std::bad_alloc&) {
      // As above.
    }
  }

  // --- LockedBorrowing ---
  bool is_terminated() const noexcept override { return state_.is_terminated(); }
  bool has_lost_descriptors() const noexcept override { return state_.has_lost_descriptors(); }
  std::optional<bool> read(WorkerLink& link, CallJob& job, Borrowing::News news,
                           const std::exception_ptr& error) override BROOD_EXCLUDES(core_lock);
  std::optional<bool> took(WorkerLink& link, CallJob& job, const LargeResult& result) override
      BROOD_EXCLUDES(core_lock);
  void give_back_broken(WorkerLink& link, CallJob& job) noexcept override BROOD_EXCLUDES(core_lock);

 private:
  PoolState& state_;
  Dispatcher& dispatcher_;
};

}  // namespace brood::pool

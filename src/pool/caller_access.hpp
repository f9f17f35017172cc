#pragma once

#include <exception>
#include <new>

#include <brood/errors.hpp>
#include "pool/dispatcher/dispatcher.hpp"
#include "pool/state/pool_state.hpp"

namespace brood::pool {

/// How callers' threads change what they share with the dispatcher. Threads: any.
class CallerAccess {
 public:
  CallerAccess(PoolState& state, Dispatcher& dispatcher) noexcept
      : state_(state), dispatcher_(dispatcher) {}

  PoolState& state() const noexcept { return state_; }
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

 private:
  PoolState& state_;
  Dispatcher& dispatcher_;
};

}  // namespace brood::pool

#include "pool/caller_access.hpp"

#include <chrono>

namespace brood::pool {

using Clock = std::chrono::steady_clock;

std::optional<bool> CallerAccess::read(WorkerLink& link, CallJob& job, Borrowing::News news,
                                       const std::exception_ptr& error) {
  return under_lock([&]() BROOD_REQUIRES(core_lock) {
    return state_.driver().borrowing().read(link, job, news, error, Clock::now());
  });
}

std::optional<bool> CallerAccess::took(WorkerLink& link, CallJob& job, const LargeResult& result) {
  return under_lock([&]() BROOD_REQUIRES(core_lock) {
    return state_.driver().borrowing().took(link, job, result, Clock::now());
  });
}

void CallerAccess::give_back_broken(WorkerLink& link, CallJob& job) noexcept {
  try {
    under_lock([&]() BROOD_REQUIRES(core_lock) {
      state_.driver().borrowing().give_back_broken(link, job, Clock::now());
    });
  } catch (...) {  // the dispatcher ends it all
  }
  wake();
}

}  // namespace brood::pool

#include "pool/state/intake.hpp"

#include <utility>

#include <brood/errors.hpp>

namespace brood::pool {

void throw_closed() {
  throw PoolClosed("brood::Pool: no task can be given to a pool after close() or terminate()");
}

void Intake::put(std::shared_ptr<CallState> call) {
  const base::MutexLock lock(mutex_);
  if (reason_) std::rethrow_exception(reason_);
  if (closed_) throw_closed();
  calls_.push_back(std::move(call));
}

void Intake::close() {
  const base::MutexLock lock(mutex_);
  closed_ = true;
}

Intake::Calls Intake::refuse(const std::exception_ptr& reason) {
  const base::MutexLock lock(mutex_);
  reason_ = reason;
  return std::exchange(calls_, {});
}

void Intake::swap(Calls& calls) {
  const base::MutexLock lock(mutex_);
  calls.swap(calls_);
}

bool Intake::empty() {
  const base::MutexLock lock(mutex_);
  return calls_.empty();
}

}  // namespace brood::pool

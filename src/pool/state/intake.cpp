#include "pool/state/intake.hpp"

#include <utility>

#include <brood/errors.hpp>

namespace brood::pool {

void throw_closed() {
  throw PoolClosed("brood::Pool: no task can be given to a pool after close() or terminate()");
}

void Intake::check_open() const {
  if (reason_) std::rethrow_exception(reason_);
  if (closed_) throw_closed();
}

void Intake::put(std::shared_ptr<CallState> call) {
  const base::MutexLock lock(mutex_);
  check_open();
  calls_.add(std::move(call));
}

void Intake::put(std::shared_ptr<SmallCall> call, detail::JobSpec&& spec) {
  const base::MutexLock lock(mutex_);
  check_open();
  calls_.add(std::move(call), std::move(spec));
}

void Intake::close() {
  const base::MutexLock lock(mutex_);
  closed_ = true;
}

LeftCalls Intake::refuse(const std::exception_ptr& reason) {
  const base::MutexLock lock(mutex_);
  reason_ = reason;
  return std::exchange(calls_, {});
}

void Intake::swap(LeftCalls& calls) {
  const base::MutexLock lock(mutex_);
  std::swap(calls, calls_);
}

bool Intake::empty() {
  const base::MutexLock lock(mutex_);
  return calls_.empty();
}

}  // namespace brood::pool

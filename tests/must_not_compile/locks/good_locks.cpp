// Compiles
#include "counter.hpp"
#include "pool/state/pool_state.hpp"
#include "shared/guard.hpp"
#include "shared/queue_state.hpp"

void Counter::add_one() {
  const brood::base::MutexLock lock(mutex_);
  ++value_;
  changed_.notify_all();
}

void Counter::wait_for(int value) {
  brood::base::MutexLock lock(mutex_);
  changed_.wait(mutex_, [&]() BROOD_REQUIRES(mutex_) { return value_ >= value; });
  lock.unlock();
  lock.lock();
  clear();
}

std::uint64_t size_of(brood::shared::QueueState& queue) {
  const brood::shared::Guard guard(queue);
  return queue.ledger().size();
}

std::size_t slots_of(brood::pool::PoolState& state) {
  const brood::pool::CoreGuard lock(state.mutex());
  return state.driver().workers().all().size();
}

bool turn(brood::pool::Driver& driver, brood::pool::Time now)
    BROOD_REQUIRES(brood::pool::core_lock) {
  return driver.turn(now);
}

// Expect: calling function 'clear' requires holding mutex 'mutex_'
#include "counter.hpp"

void Counter::add_one() {
  brood::base::MutexLock lock(mutex_);
  lock.unlock();
  clear();
}

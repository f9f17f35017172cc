// Expect: acquiring mutex 'mutex_' that is already held
#include "counter.hpp"

void Counter::add_one() {
  const brood::base::MutexLock lock(mutex_);
  const brood::base::MutexLock again(mutex_);
}

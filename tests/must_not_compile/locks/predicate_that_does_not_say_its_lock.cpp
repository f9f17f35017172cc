// Expect: reading variable 'value_' requires holding mutex 'mutex_'
#include "counter.hpp"

void Counter::wait_for(int value) {
  const brood::base::MutexLock lock(mutex_);
  changed_.wait(mutex_, [&] { return value_ >= value; });
}

// Expect: requires holding mutex 'mutex_'
#include "counter.hpp"

void Counter::wait_for(int value) {
  changed_.wait(mutex_, [&]() BROOD_REQUIRES(mutex_) { return value_ >= value; });
}

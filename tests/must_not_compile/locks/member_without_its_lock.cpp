// Expect: writing variable 'value_' requires holding mutex 'mutex_'
#include "counter.hpp"

void Counter::add_one() { ++value_; }

// Expect: calling function 'turn' requires holding mutex 'core_lock'
#include "pool/driver/driver.hpp"

bool turn(brood::pool::Driver& driver, brood::pool::Time now) { return driver.turn(now); }

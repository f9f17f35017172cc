#include "victims/tasks.hpp"

int brood::victims::throws_a_number(int number) { throw number; }

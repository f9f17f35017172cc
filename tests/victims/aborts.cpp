#include <cstdlib>

#include "victims/tasks.hpp"

int brood::victims::aborts(int) { std::abort(); }

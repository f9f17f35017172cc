#include <cstdlib>

#include "victims/tasks.hpp"

int brood::victims::exits_quickly(int code) { std::quick_exit(code); }

#include <unistd.h>

#include "victims/tasks.hpp"

int brood::victims::exits_at_once(int code) { ::_exit(code); }

#include <pthread.h>

#include "victims/tasks.hpp"

int brood::victims::ends_its_thread(int) { ::pthread_exit(nullptr); }

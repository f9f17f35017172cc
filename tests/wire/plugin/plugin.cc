// A library for the tests of code references. (.cc: the test's own sources are *.cpp.)
#ifndef PLUGIN_ANSWER
#define PLUGIN_ANSWER 42
#endif

extern "C" __attribute__((visibility("default"))) int plugin_answer() { return PLUGIN_ANSWER; }

#ifdef PLUGIN_IS_LOUD
#include <stdlib.h>
__attribute__((constructor)) static void tell() { setenv("BROOD_TEST_LOUD_PLUGIN", "loaded", 1); }
#endif

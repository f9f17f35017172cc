// A library for the tests of code references. (.cc: the test's own sources are *.cpp.)
#ifndef PLUGIN_ANSWER
#define PLUGIN_ANSWER 42
#endif

extern "C" __attribute__((visibility("default"))) int plugin_answer() { return PLUGIN_ANSWER; }

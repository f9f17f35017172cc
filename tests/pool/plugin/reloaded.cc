// A plugin that is rebuilt while the program runs.
extern "C" int version_times(int x) { return VERSION * x; }

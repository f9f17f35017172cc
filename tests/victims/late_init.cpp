// late_init LOG: calls brood::init behind the place where it makes a pool, so that each of its
// workers would do the same.
#include <cstdio>

#include <brood/brood.hpp>
#include "support/events.hpp"

int main(int argc, char** argv) {
  // A worker has other arguments; the log's name comes to it in the environment.
  if (argc == 2) ::setenv("BROOD_TEST_LOG", argv[1], 1);
  const char* const log = ::getenv("BROOD_TEST_LOG");
  if (log == nullptr) return 2;
  brood::testing::append_line(log, "main");
  try {
    brood::Pool pool({.workers = 2, .start_method = "spawn"});
    brood::init(argc, argv);
    std::printf("%d\n", pool.apply([](int x) { return x; }, 7));
  } catch (const brood::Error& error) {
    std::printf("%s\n", error.what());
    return 3;
  }
  return 0;
}

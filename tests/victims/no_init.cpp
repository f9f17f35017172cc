// no_init LOG METHOD: makes a pool without brood::init, and notes in LOG that main ran.
#include <cstdio>

#include <brood/brood.hpp>
#include "support/events.hpp"

namespace {
int square(int x) { return x * x; }
}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  brood::testing::append_line(argv[1], "main");
  try {
    brood::Pool pool({.workers = 2, .start_method = argv[2]});
    std::printf("%d\n", pool.apply(square, 7));
  } catch (const brood::UsageError& error) {
    std::printf("UsageError: %s\n", error.what());
    return 3;
  }
  return 0;
}

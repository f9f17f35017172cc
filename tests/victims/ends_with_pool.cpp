// ends_with_pool METHOD HOW: ends while its pool's workers are busy: static (the pool is a static
// object), exit (std::exit with the pool on the stack), throw (an exception that nobody catches),
// abort. Prints the pid of each process below it and an empty line first.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include <brood/brood.hpp>
#include "support/processes.hpp"

namespace {
int blocks() {
  for (;;) ::pause();
}
std::unique_ptr<brood::Pool> in_static_memory;

void tell_everybody() {
  for (const int pid : brood::testing::descendants_of(::getpid())) std::printf("%d\n", pid);
  std::printf("\n");
  std::fflush(stdout);
}
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 3) return 2;
  const std::string how = argv[2];
  auto pool =
      std::make_unique<brood::Pool>(brood::PoolOptions{.workers = 2, .start_method = argv[1]});
  pool->map([](int x) { return x; }, std::initializer_list<int>{1, 2, 3});
  auto result = pool->apply_async(blocks);
  tell_everybody();
  if (how == "static") {
    in_static_memory = std::move(pool);
    return 0;
  }
  if (how == "exit") std::exit(0);
  if (how == "throw") throw std::runtime_error("nobody catches this");
  std::abort();
}

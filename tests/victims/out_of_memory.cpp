// out_of_memory METHOD GROUP: moves itself into the control group whose directory is GROUP, and has
// a worker take memory until it is ended. Prints what is said of that, and then a result of the
// next worker.
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <brood/brood.hpp>

namespace {
int takes_memory() {
  constexpr std::size_t piece = std::size_t{8} << 20;
  std::vector<std::unique_ptr<char[]>> pieces;
  for (;;) {
    pieces.push_back(std::make_unique<char[]>(piece));
    std::memset(pieces.back().get(), 1, piece);
  }
}
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 3) return 2;
  std::ofstream(std::string(argv[2]) + "/cgroup.procs") << ::getpid() << std::flush;
  brood::Pool pool({.workers = 1, .start_method = argv[1]});
  try {
    pool.apply(takes_memory);
  } catch (const brood::WorkerLost& lost) {
    const bool oom = lost.report().cause == brood::CrashReport::Cause::out_of_memory_killer;
    std::printf("%s\n%s\n", oom ? "out_of_memory_killer" : "another cause", lost.what());
  }
  std::printf("%d\n", pool.apply([] { return 7; }));
}

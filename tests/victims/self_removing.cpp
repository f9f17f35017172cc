// self_removing METHOD delete|replace: its file goes away before it makes a pool, and again it
// needs a new worker later.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <brood/brood.hpp>

namespace {
int square(int x) { return x * x; }
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 3) return 2;
  std::filesystem::remove(argv[0]);
  if (std::string_view(argv[2]) == "replace") {
    std::ofstream(argv[0]) << "#!/bin/sh\nexit 66\n";
    std::filesystem::permissions(argv[0], std::filesystem::perms::owner_all);
  }
  brood::Pool pool({.workers = 1, .start_method = argv[1], .max_tasks_per_worker = 1});
  const int first = pool.apply(square, 5);
  std::printf("%d %d\n", first, pool.apply(square, 5));
  return 0;
}

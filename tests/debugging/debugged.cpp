// What docs/debugging.md debugs: `decode_page` fails for one element of ten, hangs or crashes by
// the first argument ("throw", "crash", "hang"; nothing fails without one).
#include <brood/brood.hpp>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

__attribute__((noinline)) int decode_page(int number, const std::string& how) {
  if (number != 7 || how.empty()) return number;
  if (how == "crash") std::abort();
  if (how == "hang") {
    std::printf("%d\n", ::getpid());
    std::fflush(stdout);
    for (;;) ::pause();
  }
  throw std::runtime_error("no header");
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  const std::string how = argc > 1 ? argv[1] : "";
  const brood::Pool pool({.workers = 1});
  int failed = 0;
  std::vector<std::tuple<int, std::string>> input;
  for (int i = 0; i < 10; ++i) input.emplace_back(i, how);
  for (const auto& element : input) {
    try {
      pool.apply(decode_page, std::get<0>(element), std::get<1>(element));
    } catch (const std::exception& error) {
      std::printf("%s\n", brood::describe(std::current_exception()).c_str());
      ++failed;
    }
  }
  std::printf("%d failed\n", failed);
}

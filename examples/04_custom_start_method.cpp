// A start method of one's own: every worker under nice(1) and with a limit of memory by prlimit(1).
#include <sys/resource.h>

#include <algorithm>
#include <brood/brood.hpp>
#include <iostream>
#include <new>

using namespace brood::literals;

constexpr int niceness = 7;
constexpr std::uint64_t memory = 2_GiB;

struct Modest : brood::Launcher {
  std::string name() const override { return "modest"; }
  int launch(brood::WorkerCommand command) override {
    command.arguments.insert(command.arguments.begin(),
                             {"nice", "-n", std::to_string(niceness),  //
                              "prlimit", "--as=" + std::to_string(memory)});
    return brood::spawn(command);
  }
};

int current_niceness() { return getpriority(PRIO_PROCESS, 0); }

std::uint64_t address_space_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  return limit.rlim_cur;
}

std::size_t fill(std::size_t bytes) { return std::string(bytes, 'x').size(); }

int main(int argc, char** argv) {
  brood::init(argc, argv);
  const int asked = std::min(current_niceness() + niceness, 19);  // 19 is the end of the scale

  brood::Pool pool({.workers = 2, .start_method = std::make_shared<Modest>()});
  std::cout << std::boolalpha;
  std::cout << "worker: "
            << pool.apply([] { return brood::current_process().name().substr(0, 17); });
  std::cout << "\nniceness as asked: " << (pool.apply(current_niceness) == asked);
  std::cout << "\nlimit as asked: " << (pool.apply(address_space_limit) == memory) << '\n';
  try {
    pool.apply(fill, memory + 1);
  } catch (const std::bad_alloc&) {
    std::cout << "more memory than that: std::bad_alloc, as in main\n";
  }
  std::cout << "and then: " << pool.apply(fill, 1_MiB) << " bytes\n";
}

// Prints: worker: ModestPoolWorker-
// Prints: niceness as asked: true
// Prints: limit as asked: true
// Prints: more memory than that: std::bad_alloc, as in main
// Prints: and then: 1048576 bytes

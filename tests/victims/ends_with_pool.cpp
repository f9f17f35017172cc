// ends_with_pool METHOD HOW STATE DIRECTORY: ends while it has a pool whose two workers are idle,
// computing or blocked (STATE). Prints the pid of each process below it and an empty line first.
// HOW: destructor, terminate, static (the pool is a static object), exit (std::exit with the pool
// on the stack), quick_exit, at_once (_exit), throw (an exception that is not caught), abort,
// handler (waits for a SIGTERM, whose handler has it leave main), sigkill, sigterm (waits for
// that).
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <brood/brood.hpp>
#include "support/busy.hpp"
#include "support/events.hpp"
#include "support/processes.hpp"

namespace {
using namespace brood::testing;

std::unique_ptr<brood::Pool> in_static_memory;
volatile std::sig_atomic_t told_to_end = 0;

void tell_everybody() {
  for (const int pid : descendants_of(::getpid())) std::printf("%d\n", pid);
  std::printf("\n");
  std::fflush(stdout);
}
void wait_for_the_handler() {
  sigset_t none;
  sigemptyset(&none);
  while (told_to_end == 0) ::sigsuspend(&none);  // SIGTERM is blocked elsewhere
}
void occupy(brood::Pool& pool, const std::string& state, const std::string& path,
            std::vector<brood::AsyncResult<int>>& results) {
  if (state == "idle") return;
  Mailbox mailbox(path);
  for (int i = 0; i < 2; ++i)
    results.push_back(pool.apply_async(state == "blocked" ? blocks : computes, path));
  for (int i = 0; i < 2; ++i) mailbox.receive();
}
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 5) return 2;
  const std::string how = argv[2];
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  if (how == "handler") {
    std::signal(SIGTERM, [](int) { told_to_end = 1; });
    pthread_sigmask(SIG_BLOCK, &term, nullptr);
  }
  auto pool =
      std::make_unique<brood::Pool>(brood::PoolOptions{.workers = 2, .start_method = argv[1]});
  pool->map([](int x) { return x; }, std::initializer_list<int>{1, 2, 3});
  std::vector<brood::AsyncResult<int>> results;
  occupy(*pool, argv[3], std::string(argv[4]) + "/mail", results);
  tell_everybody();
  if (how == "static") in_static_memory = std::move(pool);
  if (how == "exit") std::exit(0);
  if (how == "quick_exit") std::quick_exit(0);
  if (how == "at_once") ::_exit(0);
  if (how == "throw") throw std::runtime_error("nobody catches this");
  if (how == "abort") std::abort();
  if (how == "terminate") pool->terminate();
  if (how == "handler") wait_for_the_handler();
  if (how.starts_with("sig")) ::pause();
  return 0;
}

// interrupted METHOD HOW DIRECTORY: leads a process group of its own and maps two tasks that wait
// at the gate DIRECTORY/gate. Prints the pid of each process below it and an empty line once they
// run. HOW: default (SIGINT ends it), handled (the first one is reported, the second ends it),
// drained (the library's OnInterrupt::drain, with four tasks for the two workers), drained_two (two
// such pools), handled_meanwhile (the program installs a handler of its own before its pools end).
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <brood/brood.hpp>
#include "support/events.hpp"
#include "support/processes.hpp"

namespace {
using namespace brood::testing;

int waits(const std::string& directory, int x) {
  Mailbox::send(directory + "/mail", "runs");
  Gate::pass(directory + "/gate");
  return x;
}

sigset_t interrupt() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}
void wait_for_interrupt() {
  const sigset_t set = interrupt();
  int number = 0;
  sigwait(&set, &number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);  // the next one ends the process
}
void tell_everybody() {
  for (const int pid : descendants_of(::getpid())) std::printf("%d\n", pid);
  std::printf("\n");
  std::fflush(stdout);
}
}  // namespace

int drained(brood::Pool& pool, Mailbox& mailbox, const std::string& directory) {
  std::jthread teller([&] {
    mailbox.receive();
    mailbox.receive();
    tell_everybody();
  });
  int values = 0, cancelled = 0;
  for (const auto& outcome : pool.try_map(brood::task(waits, directory), {1, 2, 3, 4})) {
    values += outcome.has_value();
    cancelled += !outcome.has_value();
  }
  std::printf("%d values, %d cancelled\n", values, cancelled);
  try {
    pool.apply([] {});
  } catch (const brood::PoolClosed&) {
    std::printf("closed\n");
  }
  return 0;
}

// Each has one worker and two tasks.
int drained_two(brood::PoolOptions options, Mailbox& mailbox, const std::string& directory) {
  options.workers = 1;
  brood::Pool first(options), second(options);
  auto one = first.map_async(brood::task(waits, directory), {1, 2});
  auto other = second.map_async(brood::task(waits, directory), {1, 2});
  mailbox.receive();
  mailbox.receive();
  tell_everybody();
  int cancelled = 0;
  for (auto* const result : {&one, &other}) {
    try {
      result->get();
    } catch (const brood::Cancelled&) {
      ++cancelled;
    }
  }
  first.join();
  second.join();
  std::printf("%d cancelled\n", cancelled);
  return 0;
}

// A handler that the program installs while a pool waits for the signal outlives that pool.
int handled_meanwhile(const brood::PoolOptions& options) {
  {
    brood::Pool pool(options), next(options);
    pool.apply([] {});
    tell_everybody();
    std::signal(SIGINT, [](int) { std::signal(SIGINT, SIG_DFL); });
  }
  ::raise(SIGINT);
  std::printf("handled\n");
  return 0;
}

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 4) return 2;
  ::setpgid(0, 0);
  std::signal(SIGINT, SIG_DFL);  // shells have background programs ignore it
  const sigset_t set = interrupt();
  const bool handles = std::string_view(argv[2]) == "handled";
  if (handles) pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const std::string directory = argv[3];
  Mailbox mailbox(directory + "/mail");
  const bool drains = std::string_view(argv[2]) == "drained";
  brood::PoolOptions options{
      .workers = 2, .start_method = argv[1], .on_interrupt = brood::OnInterrupt::drain};
  if (std::string_view(argv[2]) == "drained_two") return drained_two(options, mailbox, directory);
  if (std::string_view(argv[2]) == "handled_meanwhile") return handled_meanwhile(options);
  if (!drains) options.on_interrupt = brood::OnInterrupt::leave;
  brood::Pool pool(options);
  if (drains) return drained(pool, mailbox, directory);
  auto result = pool.map_async(brood::task(waits, directory), std::vector<int>{3, 4});
  mailbox.receive();
  mailbox.receive();
  tell_everybody();
  if (!handles) ::pause();
  wait_for_interrupt();
  std::printf("interrupted\n");
  std::fflush(stdout);
  const std::vector<int> values = result.get();
  std::printf("%d of the tasks' results\n", values.at(0) + values.at(1));
  return 0;
}

// interrupted METHOD HOW DIRECTORY: leads a process group of its own and maps two tasks that wait
// at the gate DIRECTORY/gate. Prints the pid of each process below it and an empty line once they
// run. HOW: default (SIGINT ends it), handled (the first one is reported, the second ends it).
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
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

int interrupted[2];  // a pipe

void on_first_interrupt(int) {
  // SA_RESETHAND: the next one ends the process.
  static_cast<void>(!::write(interrupted[1], "!", 1));
}
void prepare_for_interrupt(std::string_view how) {
  struct sigaction action {};
  action.sa_handler = how == "handled" ? on_first_interrupt : SIG_DFL;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  ::sigaction(SIGINT, &action, nullptr);
}
void tell_everybody() {
  for (const int pid : descendants_of(::getpid())) std::printf("%d\n", pid);
  std::printf("\n");
  std::fflush(stdout);
}
}  // namespace

int main(int argc, char** argv) {
  brood::init(argc, argv);
  if (argc < 4 || ::pipe2(interrupted, O_CLOEXEC) != 0) return 2;
  ::setpgid(0, 0);
  prepare_for_interrupt(argv[2]);
  const std::string directory = argv[3];
  Mailbox mailbox(directory + "/mail");
  brood::Pool pool({.workers = 2, .start_method = argv[1]});
  auto result = pool.map_async(brood::task(waits, directory), std::vector<int>{3, 4});
  mailbox.receive();
  mailbox.receive();
  tell_everybody();
  char byte;
  static_cast<void>(!::read(interrupted[0], &byte, 1));
  std::printf("interrupted\n");
  std::fflush(stdout);
  const std::vector<int> values = result.get();
  std::printf("%d of the tasks' results\n", values.at(0) + values.at(1));
  return 0;
}

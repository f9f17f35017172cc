#include <brood/init.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <brood/errors.hpp>
#include "bootstrap/preload_hooks.hpp"
#include "start/entry.hpp"
#include "worker/replay_main.hpp"

namespace brood {

namespace {

// The end of the program: main's own work does not begin, so its destructors of static objects have
// nothing to undo but what the element did.
[[noreturn]] void run_again(int argc, char** argv) {
  start::mark_initialized();
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s %s FILE\n", argv[0], worker::replay_argument);
    std::exit(worker::replay_impossible);
  }
  std::exit(worker::replay_main(argv[2]));
}

}  // namespace

void init(int argc, char** argv) {
  if (argc >= 3 && std::strcmp(argv[1], start::exec_marker) == 0) {
    start::mark_initialized();  // what this process runs may make pools of its own
    for (const auto& [word, role] : {std::pair(start::worker_role, start::Role::worker),
                                     std::pair(start::process_role, start::Role::process)}) {
      if (std::strcmp(argv[2], word) == 0) start::run_role(start::take_exec_descriptors(role));
    }
    if (std::strcmp(argv[2], start::forkserver_role) == 0) {
      start::forkserver_main(start::forkserver_socket, start::forkserver_owner,
                             &bootstrap::run_preload_hooks);
    }
  }
  if (argc >= 2 && std::strcmp(argv[1], worker::replay_argument) == 0) run_again(argc, argv);
  if (start::initialized())
    throw UsageError(
        "brood::init was called a second time: call it once, as the first line of main");
  start::mark_initialized();
}

}  // namespace brood

#include <brood/init.hpp>

#include <atomic>
#include <cstring>
#include <utility>

#include <brood/errors.hpp>
#include "bootstrap/preload_hooks.hpp"
#include "start/entry.hpp"

namespace brood {

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
  if (start::initialized())
    throw UsageError(
        "brood::init was called a second time: call it once, as the first line of main");
  start::mark_initialized();
}

}  // namespace brood

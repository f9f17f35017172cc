#include <brood/init.hpp>

#include <atomic>
#include <cstring>

#include <brood/errors.hpp>
#include "start/entry.hpp"

namespace brood {

void init(int argc, char** argv) {
  if (argc >= 3 && std::strcmp(argv[1], start::exec_marker) == 0) {
    start::mark_initialized();  // what this process runs may make pools of its own
    if (std::strcmp(argv[2], start::worker_role) == 0)
      start::worker_entry(start::take_exec_descriptors());
    if (std::strcmp(argv[2], start::forkserver_role) == 0) {
      start::forkserver_main(start::forkserver_socket, start::forkserver_owner);
    }
  }
  if (start::initialized())
    throw UsageError(
        "brood::init was called a second time: call it once, as the first line of main");
  start::mark_initialized();
}

}  // namespace brood

#include "worker/result_pipe.hpp"

#include <unistd.h>

#include "platform/pipe.hpp"
#include "worker/worker.hpp"

namespace brood::worker {

void ResultPipe::write(std::span<const std::byte> bytes) {
  if (!platform::write_all_unguarded(descriptor_, bytes))
    ::_exit(exit_orphaned);  // nobody reads: the owner is gone
}

}  // namespace brood::worker

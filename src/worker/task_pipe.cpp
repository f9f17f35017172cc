#include "worker/task_pipe.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>

#include "platform/pipe.hpp"
#include "worker/worker.hpp"

namespace brood::worker {

void TaskPipe::read(void* target, std::size_t count) {
  auto* position = static_cast<std::byte*>(target);
  left_ -= count;
  while (count != 0) {
    const platform::Transfer transfer = platform::read_some(descriptor_, position, count);
    if (transfer.state != platform::Transfer::State::moved) {
      end_if_closed(transfer.error);
      ::_exit(exit_orphaned);
    }
    position += transfer.count;
    count -= transfer.count;
  }
}

void TaskPipe::skip() {
  std::array<std::byte, 64 * 1024> block;
  while (left_ != 0) read(block.data(), std::min(left_, block.size()));
}

}  // namespace brood::worker

#include "platform/memory_barrier.hpp"

#include <linux/membarrier.h>

#include "platform/system_calls.hpp"

namespace brood::platform {

bool has_process_barriers() noexcept {
  const int commands = system_calls().membarrier(MEMBARRIER_CMD_QUERY);
  return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0;
}

bool join_process_barriers() noexcept {
  return system_calls().membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0;
}

// The second one needs no memory, and takes milliseconds.
bool process_barrier() noexcept {
  return system_calls().membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0 ||
         system_calls().membarrier(MEMBARRIER_CMD_GLOBAL) == 0;
}

}  // namespace brood::platform

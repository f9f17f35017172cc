#pragma once

#include <cstdint>

namespace brood::platform {

/// A process, told apart from every other one that has had its pid or will. What shared memory
/// notes of its users; all of them see the same pids.
struct ProcessMark {
  std::int32_t pid = 0;     // 0: none
  std::uint64_t start = 0;  // clock ticks since boot, proc(5)
  bool operator==(const ProcessMark&) const = default;
};

/// Threads: any. Cost: read from /proc once in each thread of a process.
ProcessMark this_process() noexcept;
/// False also for one that has ended and waits to be reaped; true where it cannot be known.
bool is_alive(const ProcessMark& mark) noexcept;

}  // namespace brood::platform

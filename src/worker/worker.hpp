#pragma once

#include <string_view>

#include "platform/watch.hpp"

namespace brood::worker {

/// Descriptors of a worker; see start::Handover.
struct Channel {
  int tasks, results, page, owner, escort;
  void (*set_start_method)(std::string_view) = nullptr;  // for pools that this process makes
  void (*start_no_more)() = nullptr;  // closes the ways to start processes: for a sandbox
};

/// Body of a pool's worker, from the first message to the end of the process.
[[noreturn]] void run_worker(const Channel& channel);

/// Where a task has closed the channel, its worker is of no use any more.
void end_if_closed(int error) noexcept;

/// Exit codes of a worker that could not begin.
inline constexpr int exit_mismatch = 81;
inline constexpr int exit_initializer = 82;
inline constexpr int exit_orphaned = platform::exit_orphaned;
inline constexpr int exit_broken_channel = 84;
inline constexpr int exit_sandbox = 87;
/// Of one whose task called pthread_exit.
inline constexpr int exit_thread_ended = 85;

}  // namespace brood::worker

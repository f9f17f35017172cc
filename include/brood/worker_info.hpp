#pragma once

#include <cstdint>
#include <string>

#include <brood/detail/chrono.hpp>

namespace brood {

/// What Pool::workers() tells of one worker.
struct WorkerInfo {
  /// "SpawnPoolWorker-1".
  std::string name;
  /// Its process id.
  int pid = 0;
  /// Its place among the pool's workers, as this_worker::slot() tells.
  int slot = 0;
  /// "starting", "idle", "busy" or "leaving".
  std::string state;
  /// Number of elements that this process has finished.
  std::uint64_t tasks_done = 0;
  /// Resident memory in bytes.
  std::uint64_t memory = 0;
  /// CPU time that the process has used.
  std::chrono::nanoseconds cpu_time{0};
};

}  // namespace brood

#pragma once

#include <string_view>

namespace brood::worker {

/// Descriptors of a worker; see start::WorkerDescriptors.
struct Channel {
  int tasks, results, page, owner, descriptor_channel;
  void (*set_start_method)(std::string_view) = nullptr;  // for pools that this process makes
  void (*start_no_more)() = nullptr;  // closes the ways to start processes: for a sandbox
};

/// Body of a pool's worker, from the first message to the end of the process.
[[noreturn]] void run_worker(const Channel& channel);

}  // namespace brood::worker

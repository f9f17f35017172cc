#pragma once

#include <string_view>

#include "platform/given_descriptors.hpp"

namespace brood::worker {

/// What a worker does to the start layer, which it does not know.
struct StartHooks {
  void (*set_start_method)(std::string_view) = nullptr;  // for pools that this process makes
  void (*start_no_more)() = nullptr;  // closes the ways to start processes: for a sandbox
};

/// Body of a pool's worker, from the first message to the end of the process.
[[noreturn]] void run_worker(const platform::GivenDescriptors& given, const StartHooks& hooks);

}  // namespace brood::worker

#pragma once

#include <memory>

#include <brood/detail/process/target.hpp>
#include "base/identity.hpp"
#include "platform/given_descriptors.hpp"

// What runs in the process of a brood::Process and nowhere else.
namespace brood::process {

/// A process that was started by exec or by the fork server: reads the setup and the call, and runs
/// it to its end.
[[noreturn]] void run_process(const platform::GivenDescriptors& given);

/// Descriptors of a process that was forked from its owner. It waits at the start gate, unless that
/// is -1, until its owner knows it.
struct ForkedChannel {
  int report, owner, start_gate;
};
/// Makes the copy of the owner a process of its own and runs `target` to its end.
[[noreturn]] void run_forked(const ForkedChannel& channel, base::Identity identity,
                             std::unique_ptr<detail::ProcessTarget> target);

/// What both come to. `report` is where the exit code is told.
[[noreturn]] void run_to_the_end(int report, std::unique_ptr<detail::ProcessTarget> target);

}  // namespace brood::process

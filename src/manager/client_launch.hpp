#pragma once

#include <brood/process.hpp>
#include <brood/start_method.hpp>
#include "platform/descriptor.hpp"

namespace brood::manager {

/// Starts a server at the other end of `control`. Throws UsageError, StartError, SystemError.
Process launch_server(const StartMethod& method, platform::Descriptor control);
/// Waits until it has ended, and kills it when that takes too long.
void end_server(Process& server) noexcept;

}  // namespace brood::manager

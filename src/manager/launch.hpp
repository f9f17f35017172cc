#pragma once

#include <string>

#include <brood/launcher.hpp>
#include <brood/manager.hpp>
#include <brood/process.hpp>
#include "platform/descriptor.hpp"

namespace brood::manager {

/// Starts a server at the other end of `control`. Throws UsageError, StartError, SystemError.
Process launch_server(const StartMethod& method, platform::Descriptor control);
/// One that also listens, where `listener` does; it waits for the key. Throws likewise.
Process launch_server(const StartMethod& method, platform::Descriptor control,
                      platform::Descriptor listener, const ManagerQuotas& quotas);
/// Starts a gateway to a server elsewhere at the other end of `control`; it waits for the key.
/// Throws likewise.
Process launch_gateway(const StartMethod& method, platform::Descriptor control,
                       const std::string& address);
/// Waits until it has ended, and kills it when that takes too long.
void end_server(Process& server) noexcept;

}  // namespace brood::manager

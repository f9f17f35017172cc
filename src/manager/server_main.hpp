#pragma once

#include "manager/remote/network.hpp"
#include "platform/descriptor.hpp"

namespace brood::manager {

/// The life of a server, in a process of its own: says over `control` what its root is, then serves
/// until that hangs up or the process behind `owner` has ended. False when threads are left that do
/// not end: then the process must not do anything but end. Throws SystemError.
bool server_main(platform::Descriptor control, platform::Descriptor owner, Listening listening);

}  // namespace brood::manager

#pragma once

#include <brood/manager.hpp>
#include "platform/descriptor.hpp"
#include "platform/secret_bytes.hpp"

namespace brood::manager {

/// For remote programs that have the key.
struct Listening {
  platform::Descriptor socket;  // null: for none
  platform::SecretBytes key;
  ManagerQuotas quotas;
};

/// The life of a server, in a process of its own: says over `control` what its root is, then serves
/// until that hangs up or the process behind `owner` has ended. False when threads are left that do
/// not end: then the process must not do anything but end. Throws SystemError.
bool server_main(platform::Descriptor control, platform::Descriptor owner, Listening listening);

}  // namespace brood::manager

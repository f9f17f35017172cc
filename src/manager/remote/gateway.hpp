#pragma once

#include <string>

#include "platform/descriptor.hpp"
#include "platform/secret_bytes.hpp"

namespace brood::manager {

/// Where a server is, and what to prove.
struct RemotePlace {
  std::string address;
  platform::SecretBytes key;
};

/// The life of a gateway, in a process of its own: for the clients on its machine it is the server
/// at `place`. Says over `control` what its root is, or why there is none, then serves until that
/// hangs up, the process behind `owner` has ended or the connection is lost. False as
/// server_main().
bool gateway_main(platform::Descriptor control, platform::Descriptor owner, RemotePlace place);

}  // namespace brood::manager

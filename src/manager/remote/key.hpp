#pragma once

#include <string>

#include "platform/secret_bytes.hpp"

namespace brood::manager {

/// Throws UsageError for what is no key.
void demand_key(const std::string& key);

/// A key goes to a new server or gateway over its control socket, before anything else: in the
/// bytes of its start it would be copied on its way. False when the process has ended. Throws
/// SystemError.
bool send_key(int control, const platform::SecretBytes& key);
/// Blocks. Empty when the owner has ended. Throws SystemError.
platform::SecretBytes receive_key(int control);

}  // namespace brood::manager

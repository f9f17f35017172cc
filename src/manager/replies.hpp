#pragma once

#include <brood/detail/bytes.hpp>
#include "manager/messages.hpp"

// What a client is answered, by a server, a gateway or a bridge.
namespace brood::manager {

/// A reply with this status; what the status wants follows.
detail::Bytes begin_reply(Status status);
/// The reply that says what the exception in flight does.
detail::Bytes failure();

}  // namespace brood::manager

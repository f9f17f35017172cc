#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "platform/descriptor.hpp"

namespace brood::platform {

struct SocketPair {
  Descriptor ours, theirs;
};

/// A pair of connected SOCK_SEQPACKET sockets: no path, no name, message boundaries kept. Throws SystemError.
SocketPair make_socket_pair();

struct Message {
  std::vector<std::byte> bytes;
  std::vector<Descriptor> descriptors;
};

/// Sends one message with descriptors; false when the peer is gone (never SIGPIPE). Throws SystemError.
bool send_message(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors = {});
/// Receives one message, waiting for at most `timeout_ms` (-1: for ever); nothing at end of stream or when the time is
/// over (`timed_out` says which, where given). Received descriptors are close-on-exec and 3 or above. Throws SystemError.
std::optional<Message> receive_message(int socket, int timeout_ms = -1, bool* timed_out = nullptr);

}  // namespace brood::platform

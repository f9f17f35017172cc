#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "platform/descriptor.hpp"
#include "platform/socket.hpp"

// Looking at what waits in a socket of make_socket_pair(), and stays there.
namespace brood::platform {

/// The first bytes of the next message, without what came along: how many there are. Waits for one
/// where the socket is a blocking one, and takes nothing, also when the process is killed
/// meanwhile. 0 where there is none, and at the end of the stream.
std::size_t peek_bytes(int socket, std::span<std::byte> beginning);

/// receive_next() without its looking for room, where has_room_for_rights() has just been true.
std::optional<Arrived> receive_with_room(int socket, std::span<std::byte> buffer, const char* what);

/// A message that stays.
struct Peeked {
  std::span<const std::byte> bytes;     // none: there is no message
  std::vector<Descriptor> descriptors;  // copies, as far as they found room
  bool lost = false;                    // some found none
};
/// The next one, without waiting. Throws SystemError.
Peeked peek_message(int socket, std::span<std::byte> buffer);

/// Whether the other end has read what was sent to it from this one.
bool is_read(int socket) noexcept;

}  // namespace brood::platform

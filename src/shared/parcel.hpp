#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <brood/detail/parcel.hpp>
#include "platform/futex.hpp"

namespace brood::shared {

/// Two connected sockets for parcels. Messages are whole or not there, whoever dies meanwhile.
/// A parcel of more than `largest_inline` bytes travels as a memfd.
inline constexpr std::size_t largest_inline = 60 * 1024;

/// Sends one. Blocks while the socket has no room. False when nobody can read it. Throws
/// SystemError.
bool send_parcel(int socket, std::span<const std::byte> bytes,
                 std::span<const detail::DescriptorRef> descriptors);
/// Receives one; nothing at the end of the stream. Blocks. Throws SystemError (a parcel whose
/// descriptors find no room in this process is gone), CodecError for what is no parcel.
std::optional<detail::Parcel> receive_parcel(int socket);

/// Waits until the socket has something to read or has ended; false at the deadline.
bool wait_readable(int socket, const platform::Deadline& deadline);

}  // namespace brood::shared

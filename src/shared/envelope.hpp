#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include <brood/detail/codec/envelope.hpp>
#include <brood/errors.hpp>
#include "platform/futex.hpp"

namespace brood::shared {

/// Two connected sockets for envelopes. A message is whole or not there, whichever process dies
/// meanwhile. An envelope of more than `largest_inline` bytes travels as a memfd.
inline constexpr std::size_t largest_inline = 60 * 1024;

/// Sends one. Blocks while the socket has no room. False when no process can read it. Throws
/// SystemError.
bool send_envelope(int socket, std::span<const std::byte> bytes,
                   std::span<const detail::DescriptorRef> descriptors);
/// Where one arrives. A caller makes it early where a lack of memory must not leave the envelope in
/// the socket. Not kept for the next: a destructor of the user's may receive when a thread's
/// objects are gone.
class EnvelopeBuffer {
 public:
  std::span<std::byte> bytes() const noexcept { return {bytes_.get(), size}; }

 private:
  static constexpr std::size_t size = 64 * 1024;
  std::unique_ptr<std::byte[]> bytes_ = std::make_unique_for_overwrite<std::byte[]>(size);
};

/// Receives one; nothing at the end of the stream. Blocks. Throws SystemError (an envelope whose
/// descriptors find no room in this process is gone), CodecError for what is no envelope: an empty
/// message is none. Does not block where wait_readable() has been true for this reader alone.
std::optional<detail::Envelope> receive_envelope(int socket,
                                                 const EnvelopeBuffer& buffer = EnvelopeBuffer());
/// The same, but an envelope whose descriptors find no room stays, whole, for the next call.
std::optional<detail::Envelope> receive_envelope_or_leave(
    int socket, const EnvelopeBuffer& buffer = EnvelopeBuffer());
/// Whether an error of these two is a want of room: of descriptors, or of memory for them.
bool is_want_of_room(const SystemError& error) noexcept;

/// Waits until the socket has something to read or has ended; false at the deadline.
bool wait_readable(int socket, const platform::Deadline& deadline);

}  // namespace brood::shared

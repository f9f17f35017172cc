#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include <brood/detail/bytes.hpp>
#include "protocol/messages.hpp"
#include "support/worker_channel.hpp"
#include "wire/frame.hpp"

// For tasks that write to their owner past the library: src/start/README.md has the numbers.
namespace brood::testing {

inline bool write_raw(std::span<const std::byte> bytes) {
  write_to_owner(bytes);
  return true;
}

/// The header alone of a frame that claims `length` bytes.
inline bool write_header(protocol::Type type, std::uint64_t length) {
  wire::FrameHeader header;
  header.type = static_cast<std::uint16_t>(type);
  header.length = length;
  return write_raw(std::as_bytes(std::span(&header, 1)));
}

inline bool write_frame(protocol::Type type, std::span<const std::byte> payload = {}) {
  detail::Bytes frame;
  protocol::append_message(frame, type, payload);
  return write_raw(frame.view());
}

}  // namespace brood::testing

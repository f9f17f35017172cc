#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <brood/detail/bytes.hpp>
#include "wire/code_ref.hpp"

namespace brood::process {

/// What a process is told first; the call follows.
struct Setup {
  wire::BuildId build{};
  std::string name, numbers, parent_name;
  std::int32_t parent_pid = 0;
  bool daemon = false;
  std::string start_method;  // of what it starts itself
  std::int32_t log_level = 0;
  std::uint64_t call_size = 0;  // bytes
};

/// Appends its length (8 bytes), then the setup.
void encode_setup(detail::Bytes& target, const Setup& setup);
/// Of what follows the length. Throws CodecError.
Setup decode_setup(std::span<const std::byte> bytes);

}  // namespace brood::process

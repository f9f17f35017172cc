#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <brood/detail/bytes.hpp>
#include "wire/preparation.hpp"

namespace brood::process {

/// What a process is told first; the call follows.
struct ProcessSetup {
  wire::Preparation preparation;
  std::uint64_t call_size = 0;  // bytes
};

/// Appends its length (8 bytes), then the setup.
void encode_setup(detail::Bytes& target, const ProcessSetup& setup);
/// Of what follows the length. Throws CodecError.
ProcessSetup decode_setup(std::span<const std::byte> bytes);

}  // namespace brood::process

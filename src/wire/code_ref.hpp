#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <brood/codec.hpp>

namespace brood::wire {

/// Names a build of a module: the first 16 bytes of its build-id, or of a hash of its code where the linker left none.
using BuildId = std::array<std::uint8_t, 16>;

/// Build-id of the main program: both ends of a channel must agree on it.
BuildId program_build_id();
std::string to_string(const BuildId& id);

/// Reads a code reference as detail::take_code does, but loads no library and gives null for code that is not in this
/// process. Throws CodecError for bytes that are no code reference.
const void* take_code_if_present(Reader& source);

}  // namespace brood::wire

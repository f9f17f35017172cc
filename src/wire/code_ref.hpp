#pragma once

#include <brood/codec.hpp>

#include "base/module.hpp"

namespace brood::wire {

using base::BuildId;
using base::to_string;

/// Build-id of the main program: both ends of a channel must agree on it.
BuildId program_build_id();

/// Reads a code reference as detail::take_code does, but loads no library and gives null for code
/// that is not in this process. Throws CodecError for bytes that are no code reference.
const void* take_code_if_present(Reader& source);

}  // namespace brood::wire

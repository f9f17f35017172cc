#pragma once

#include <brood/errors.hpp>

namespace brood::protocol {

/// Throws CodecError, for words of a page that no worker of ours writes, unless `condition` holds.
inline void demand_of_page(bool condition, const char* reason) {
  if (!condition) throw CodecError(CodecError::Direction::decode, "page of a worker", reason);
}

}  // namespace brood::protocol

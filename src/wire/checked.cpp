#include "wire/checked.hpp"

#include <string>

#include <brood/errors.hpp>

namespace brood::wire {

void throw_unknown(const char* what, std::uint64_t value) {
  throw CodecError(CodecError::Direction::decode, what,
                   "its number is " + std::to_string(value) + ", which is unknown here");
}

}  // namespace brood::wire

#pragma once

#include <brood/detail/bytes.hpp>
#include <brood/detail/export.hpp>

namespace brood {

class InputArchive;
class OutputArchive;

namespace detail {

// How handles of shared objects travel: the bytes hold a token, and the descriptor of the object
// goes beside the bytes, by whatever way they take (src/shared/README.md).

/// Writes the token of `descriptor`, which stays with the bytes. Throws CodecError for a handle
/// that refers to nothing.
BROOD_API void put_descriptor(OutputArchive& archive, const DescriptorRef& descriptor);
/// Reads a token and returns what it stands for in this process. Throws CodecError when its
/// descriptor did not come along.
BROOD_API DescriptorRef take_descriptor(InputArchive& archive);

}  // namespace detail
}  // namespace brood

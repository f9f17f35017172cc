#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <brood/detail/bytes.hpp>
#include "wire/code_ref.hpp"

namespace brood::wire {

/// An element that has failed, with all that it takes to run it again: what a file of
/// PoolOptions::save_failed holds. As bytes: a line that names the format, a checksum of the rest,
/// and the rest, which only the program that has written it understands.
struct SavedElement {
  BuildId build{};      // of the program
  std::string program;  // its path
  std::string outcome;  // what the element ended in, in words
  std::string worker;   // that ran it
  std::uint64_t index = 0;
  std::uint32_t attempt = 1;
  std::uint64_t stride = 0;     // bytes of the argument; 0: its length is in front
  bool raw_argument = false;    // the argument is all there is, without a length
  bool separate_call = false;   // and no element of a map
  bool shared_objects = false;  // there are descriptors beside the bytes: they cannot be kept
  // Calls, as they are encoded; empty: none.
  std::vector<std::byte> initializer, state;
  std::vector<std::byte> definition;  // code reference of the runner, then the function
  std::vector<std::byte> argument;
};

detail::Bytes encode_saved(const SavedElement& element);
/// Throws CodecError for what is no such file, is damaged, or is of another build of the program.
SavedElement decode_saved(std::span<const std::byte> file);

}  // namespace brood::wire

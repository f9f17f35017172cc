#pragma once

#include <span>

#include <brood/codec.hpp>
#include <brood/detail/codec/encode.hpp>
#include "transfer/shared_descriptor.hpp"

// What a process that shares an object can do to it: all that its descriptors and its memory allow.
namespace brood::testing {

/// The descriptors behind a handle, in the order in which they travel.
template <class Handle>
std::vector<detail::DescriptorRef> descriptors_behind(const Handle& handle) {
  detail::Bytes bytes;
  detail::encode_value(bytes, handle);
  return {bytes.attached().begin(), bytes.attached().end()};
}
template <class Handle>
int file_behind(const Handle& handle) {
  return descriptors_behind(handle).front()->get();
}
template <class Handle>
std::span<std::byte> memory_behind(const Handle& handle) {
  return descriptors_behind(handle).front()->memory();
}

}  // namespace brood::testing

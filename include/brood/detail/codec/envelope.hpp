#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/bytes.hpp>

namespace brood::detail {

/// An encoded value that has come from elsewhere, with what it refers to.
struct Envelope {
  Bytes owned;
  std::span<const std::byte> mapped;    // of a large one, instead
  std::shared_ptr<const void> mapping;  // keeps `mapped`
  std::vector<DescriptorRef> descriptors;

  std::span<const std::byte> view() const noexcept { return mapping ? mapped : owned.view(); }
};

/// The value that fills an envelope. Throws CodecError.
template <class T>
T open_envelope(const Envelope& envelope) {
  Reader source(envelope.view());
  T value = decode_value<T>(source.beside(envelope.descriptors));
  if (source.left() != 0) throw_trailing(source.left(), typeid(T));
  return value;
}

}  // namespace brood::detail

#include "shared/object.hpp"

#include <algorithm>
#include <cstring>

#include <brood/codec.hpp>
#include <brood/detail/shared_handle.hpp>
#include <brood/errors.hpp>
#include "platform/memory_file.hpp"
#include "platform/shared_descriptor.hpp"

namespace brood {

detail::SharedHandle::~SharedHandle() = default;

namespace shared {
namespace {

using detail::SharedDescriptor;

Object opened(detail::DescriptorRef descriptor) {
  const std::span<std::byte> memory = descriptor->memory();
  return {std::move(descriptor), memory.data(), memory.size()};
}

const Header& header_of(const Object& object) noexcept {
  return *reinterpret_cast<const Header*>(object.memory);
}

bool fits(const Object& object, std::initializer_list<Kind> kinds, std::size_t state_size) {
  if (object.size < state_offset + state_size) return false;
  const Header& header = header_of(object);
  return header.magic == Header::expected_magic && header.size <= object.size &&
         std::find(kinds.begin(), kinds.end(), header.kind) != kinds.end();
}

}  // namespace

Object make_object(Kind kind, std::size_t state_size) {
  const std::size_t size = state_offset + state_size;
  Object made = opened(detail::share_descriptor(platform::make_memory("brood", size),
                                                SharedDescriptor::Kind::memory));
  new (made.memory) Header{Header::expected_magic, kind, size};
  return made;
}

Kind kind_of(const void* state) noexcept {
  return reinterpret_cast<const Header*>(static_cast<const std::byte*>(state) - state_offset)->kind;
}

Object take(InputArchive& archive, std::initializer_list<Kind> kinds, std::size_t state_size) {
  detail::DescriptorRef descriptor = detail::take_descriptor(archive);
  if (descriptor->kind() == SharedDescriptor::Kind::memory) {
    Object object = opened(std::move(descriptor));
    if (fits(object, kinds, state_size)) return object;
  }
  throw CodecError(CodecError::Direction::decode, "",
                   "the bytes are those of a shared object of another kind");
}

void throw_no_object() {
  throw UsageError("brood: this handle was default constructed and refers to no object");
}

}  // namespace shared
}  // namespace brood

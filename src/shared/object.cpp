#include "shared/object.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <span>

#include <brood/codec.hpp>
#include <brood/detail/shared/handle.hpp>
#include <brood/errors.hpp>
#include "platform/file_io.hpp"
#include "platform/memory_file.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood {

detail::SharedHandle::~SharedHandle() = default;

namespace shared {
namespace {

using detail::SharedDescriptor;

Header& header_of(void* state) noexcept {
  return *reinterpret_cast<Header*>(static_cast<std::byte*>(state) - state_offset);
}

// Read and not mapped: a mapping of what is no memory, or may shrink, is not to be touched.
Header received_header(int file) {
  const platform::FileFacts facts = platform::facts_of(file);
  Header header;
  if (!facts.can_share(sizeof header)) throw_another_kind();
  platform::read_at(file, std::as_writable_bytes(std::span(&header, 1)), 0);
  const bool makes_sense = header.magic == Header::expected_magic && header.kind >= Kind::lock &&
                           header.kind <= Kind::queue && header.size > sizeof header &&
                           header.size <= facts.size;
  if (!makes_sense) throw_another_kind();
  return header;
}

// Maps what the header says; a queue's file is larger.
Object opened(detail::DescriptorRef descriptor) {
  std::optional<std::size_t> size;  // nothing: it is mapped
  std::atomic<std::uint32_t>& kind = descriptor->noted().kind;
  if (kind.load() == 0) {
    const Header header = received_header(descriptor->get());
    size = header.size;
    kind.store(static_cast<std::uint32_t>(header.kind));
  }
  const std::span<std::byte> memory = descriptor->memory(size);
  if (size && memory.size() < *size) throw_another_kind();
  return {std::move(descriptor), memory.data(), memory.size()};
}

}  // namespace

Object make_object(Kind kind, std::size_t state_size) {
  const std::size_t size = state_offset + state_size;
  const auto growth = kind == Kind::queue ? platform::Growth::grows : platform::Growth::fixed;
  detail::DescriptorRef descriptor = detail::share_descriptor(
      platform::make_memory("brood", size, growth), SharedDescriptor::Kind::memory);
  descriptor->noted().kind = static_cast<std::uint32_t>(kind);
  const std::span<std::byte> memory = descriptor->memory(size);
  new (memory.data()) Header{Header::expected_magic, kind, size};
  return {std::move(descriptor), memory.data(), memory.size()};
}

Object take(InputArchive& archive, std::initializer_list<Kind> kinds, std::size_t state_size) {
  detail::DescriptorRef descriptor = detail::take_descriptor(archive);
  if (descriptor->kind() != SharedDescriptor::Kind::memory) throw_another_kind();
  Object object = opened(std::move(descriptor));
  const Kind kind = noted_kind(object.descriptor);
  const bool is_wanted = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  if (!is_wanted || object.size < state_offset + state_size) throw_another_kind();
  return object;
}

Kind noted_kind(const detail::DescriptorRef& descriptor) noexcept {
  return static_cast<Kind>(descriptor->noted().kind.load(std::memory_order_relaxed));
}

std::uint64_t count_in(const Object& object, std::uint64_t found) noexcept {
  const std::uint64_t noted = object.descriptor->noted().count_and_one.load();
  return noted == 0 ? found : noted - 1;
}

std::uint64_t noted_count(const detail::DescriptorRef& descriptor) noexcept {
  return descriptor->noted().count_and_one.load(std::memory_order_relaxed) - 1;
}

void note_count(const detail::DescriptorRef& descriptor, std::uint64_t count) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - 1;
  std::uint64_t noted = 0;
  descriptor->noted().count_and_one.compare_exchange_strong(noted, std::min(count, most) + 1);
}

void throw_another_kind() {
  throw CodecError(CodecError::Direction::decode, "",
                   "the bytes are those of a shared object of another kind");
}

void mark_broken(void* state) noexcept {
  std::atomic_ref(header_of(state).magic).store(Header::broken_magic, std::memory_order_relaxed);
}

void throw_broken(void* state) {
  mark_broken(state);
  throw BrokenObject(
      "brood: what lies in the memory of this shared object makes no sense: a process that shares "
      "it has written over it. It is of no use any more, in any process; make a new one");
}

void throw_no_object() {
  throw UsageError("brood: this handle was default constructed and refers to no object");
}

}  // namespace shared
}  // namespace brood

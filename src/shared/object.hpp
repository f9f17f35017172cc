#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <utility>

#include <brood/detail/codec/descriptor_ref.hpp>

// The memory of a shared object: a header, then its state. One representation, in whichever process
// it was made.
namespace brood::shared {

enum class Kind : std::uint32_t {
  lock = 1,
  rlock,
  semaphore,
  bounded_semaphore,
  condition,
  event,
  barrier,
  value,
  array,
  queue,
};

struct Header {
  static constexpr std::uint32_t expected_magic = 0x64'6f'6f'62;
  static constexpr std::uint32_t broken_magic = 0x64'61'65'64;
  std::uint32_t magic = 0;
  Kind kind{};
  std::uint64_t size = 0;  // of all the memory, in bytes
};
inline constexpr std::size_t state_offset = sizeof(Header);

struct Object {
  detail::DescriptorRef descriptor;
  std::byte* memory = nullptr;  // of this process
  std::size_t size = 0;

  void* state() const noexcept { return memory + state_offset; }
  /// Bytes behind a state of this size. There is such a one.
  std::size_t room_after(std::size_t state_size) const noexcept {
    return size - state_offset - state_size;
  }
};

/// New memory with a header and, behind it, `state_size` zero bytes. Throws SystemError.
Object make_object(Kind kind, std::size_t state_size);

/// Same, with a State made of `arguments`, and `more` bytes behind it.
template <class State, class... Arguments>
Object make(Kind kind, std::size_t more, Arguments&&... arguments) {
  static_assert(alignof(State) <= state_offset);
  Object object = make_object(kind, sizeof(State) + more);
  new (object.state()) State(std::forward<Arguments>(arguments)...);
  return object;
}

/// Throws CodecError for a handle that refers to nothing.
inline void put(OutputArchive& archive, const detail::DescriptorRef& descriptor) {
  detail::put_descriptor(archive, descriptor);
}
/// An object of one of these kinds, with at least so large a state. Throws CodecError.
Object take(InputArchive& archive, std::initializer_list<Kind> kinds, std::size_t state_size);

/// What this process has noted of the object: the kind it is, and a number that its kind has a
/// meaning for. Neither is read again from the object's memory.
Kind noted_kind(const detail::DescriptorRef& descriptor) noexcept;
std::uint64_t noted_count(const detail::DescriptorRef& descriptor) noexcept;
/// That number, or where none has been noted the one that was found in the memory.
std::uint64_t count_in(const Object& object, std::uint64_t found) noexcept;
/// Notes the number with which an object was made, or the one that was found in its memory, unless
/// one has been noted already.
void note_count(const detail::DescriptorRef& descriptor, std::uint64_t count) noexcept;
[[noreturn]] void throw_another_kind();

/// What is in the object's memory makes no sense: so that all processes get BrokenObject.
void mark_broken(void* state) noexcept;
[[noreturn]] void throw_broken(void* state);
[[noreturn]] void throw_no_object();

/// The state behind a handle. Throws UsageError when it refers to nothing, BrokenObject when it is
/// marked so, or its header has been overwritten.
template <class State>
State& state_of(void* state) {
  if (state == nullptr) throw_no_object();
  const auto* const header =
      reinterpret_cast<const Header*>(static_cast<const std::byte*>(state) - state_offset);
  if (header->magic != Header::expected_magic) throw_broken(state);
  return *static_cast<State*>(state);
}

}  // namespace brood::shared

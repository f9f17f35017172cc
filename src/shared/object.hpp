#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <utility>

#include <brood/detail/descriptor_ref.hpp>

// The memory of a shared object: a header, then its state. One representation, whoever made it.
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
};

/// New memory with a header and, behind it, `state_size` zero bytes. Throws SystemError.
Object make_object(Kind kind, std::size_t state_size);
Kind kind_of(const void* state) noexcept;

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

[[noreturn]] void throw_no_object();
/// The state behind a handle. Throws UsageError when it refers to nothing.
template <class State>
State& state_of(void* state) {
  if (state == nullptr) throw_no_object();
  return *static_cast<State*>(state);
}

}  // namespace brood::shared

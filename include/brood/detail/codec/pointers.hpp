#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <brood/detail/codec/archive.hpp>

// Reads std::shared_ptr in place of cereal/types/memory.hpp, which casts an object to the type that
// is wanted without knowing its own. The bytes are the same.
namespace cereal::memory_detail {
template <class T>
struct PtrWrapper;
template <class Archive, class T>
struct LoadAndConstructLoadWrapper;
template <class T>
class EnableSharedStateHelper;
}  // namespace cereal::memory_detail

namespace brood {
namespace detail {

/// Throws CodecError: a load_and_construct() constructed nothing.
[[noreturn]] BROOD_API void throw_not_constructed();

/// Has the destructor that is hidden there.
template <class T>
struct SharedFromThis : std::enable_shared_from_this<T> {};

/// Memory for an object whose type's load_and_construct() constructs it from the archive. Knows
/// whether it has.
template <class T>
struct Constructed {
  alignas(T) std::byte bytes[sizeof(T)]{};
  bool done = false;
  static constexpr bool has_shared_from_this = cereal::traits::has_shared_from_this<T>::value;

  Constructed() = default;
  Constructed(const Constructed&) = delete;
  Constructed& operator=(const Constructed&) = delete;
  ~Constructed() {
    if (done) {
      object()->~T();
    } else if constexpr (has_shared_from_this) {
      // The first shared_ptr has left a weak_ptr in the memory.
      using Base = typename cereal::traits::get_shared_from_this_base<T>::type;
      std::enable_shared_from_this<Base>* const left = object();
      static_cast<SharedFromThis<Base>*>(left)->~SharedFromThis();
    }
  }
  T* object() noexcept { return reinterpret_cast<T*>(bytes); }

  void load(InputArchive& archive) {
    using Loaded = cereal::memory_detail::LoadAndConstructLoadWrapper<InputArchive, T>;
    if constexpr (has_shared_from_this) {
      // The constructor clears what the shared_ptr has left in the object: cereal puts it back.
      cereal::memory_detail::EnableSharedStateHelper<T> state(object());
      Loaded loaded(object(), [&] {
        state.restore();
        done = true;
      });
      archive(loaded);
    } else {
      Loaded loaded(object(), [&] { done = true; });
      archive(loaded);
    }
    if (!done) throw_not_constructed();
  }
};

template <class T>
std::shared_ptr<T> load_shared(InputArchive& archive, std::uint32_t number) {
  if constexpr (cereal::traits::has_load_and_construct<T, InputArchive>::value) {
    auto owner = std::make_unique<Constructed<T>>();
    Constructed<T>& memory = *owner;
    // The deleter destroys the object: its own weak_ptr may keep the deleter alive.
    const std::shared_ptr<T> object(memory.object(),
                                    [owner = std::move(owner)](T*) mutable { owner.reset(); });
    archive.shared_objects().add(number, object, shared_type<T>(), &memory.done);
    memory.load(archive);
    return object;
  } else {
    const std::shared_ptr<T> object(
        cereal::detail::Construct<T, InputArchive>::load_andor_construct());
    archive.registerSharedPointer(number, object);
    archive(*object);
    return object;
  }
}

}  // namespace detail

template <class T>
void CEREAL_LOAD_FUNCTION_NAME(InputArchive& archive,
                               cereal::memory_detail::PtrWrapper<std::shared_ptr<T>&>& wrapper) {
  std::uint32_t number = 0;
  archive(number);
  if ((number & detail::first_mention) != 0) {
    wrapper.ptr = detail::load_shared<std::remove_const_t<T>>(archive, number);
  } else {
    wrapper.ptr = archive.shared_objects().template get<T>(number);
  }
}

}  // namespace brood

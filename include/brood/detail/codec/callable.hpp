#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/export.hpp>

// How functions cross a process boundary.
namespace brood::detail {

/// Appends a code reference: the build-id of the module that holds `address` and the offset in it.
/// Throws CodecError when no loaded module does. Cost: a cached look-up.
BROOD_API void put_code(Bytes& target, const void* address);
/// Whether the code at `address` stays for ever: other code may take its place when it is a
/// library's that is unloaded.
BROOD_API bool is_permanent(const void* address) noexcept;
/// Reads a code reference and returns the address in this process. Throws CodecError when the
/// module is another build or the offset lies outside its code. A process that Brood has started
/// loads the module where it is not loaded, unless the reader's LoadPolicy forbids it; no other
/// process does.
BROOD_API const void* take_code(Reader& source);
/// The same for a function, whose type the reader knows.
template <class F>
F take_code_as(Reader& source) {
  return reinterpret_cast<F>(const_cast<void*>(take_code(source)));
}

template <class F>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;
/// Captureless lambdas and other function objects that their type alone describes.
template <class F>
inline constexpr bool is_stateless =
    std::is_class_v<F>&& std::is_empty_v<F>&& std::is_default_constructible_v<F>;
template <class F>
inline constexpr bool is_serializable_object =
    std::is_class_v<F>&& travels<F>&& std::is_default_constructible_v<F>;
template <class F>
inline constexpr bool may_be_task = is_function_pointer<F> || std::is_member_pointer_v<F> ||
                                    is_stateless<F> || is_serializable_object<F>;

/// Function objects that are refused for one of their parts.
template <class F>
inline constexpr bool has_parts = by_members<F>;
/// What may_be_task<F> says, with the reason.
template <class F>
consteval auto judge_task() {
  if constexpr (may_be_task<F>) {
    return Accepted();
  } else if constexpr (hides_function<F>) {
    return Verdict<Refusal::hidden_task, F>();
  } else if constexpr (has_parts<F>) {
    return value_verdict_t<F>();
  } else if constexpr (std::is_class_v<F>) {
    return Verdict<Refusal::captures, F>();
  } else {
    return Verdict<Refusal::no_task, F>();
  }
}
template <class F>
using task_verdict_t = decltype(judge_task<F>());
/// Fails to compile, with one sentence, for what cannot be a task.
template <class F>
constexpr void check_task() {
  check_verdict<task_verdict_t<F>>();
}

template <class T>
std::decay_t<T> decayed(const T& value) {
  return value;
}

template <class T>
struct StoredOf {
  using type = std::conditional_t<std::is_convertible_v<T, std::string_view> &&
                                      !std::is_same_v<T, std::string>,
                                  std::string, T>;
};
template <class T, std::size_t N>
struct StoredOf<std::span<T, N>> {
  using type = std::vector<std::remove_const_t<T>>;
};
/// What is stored of an argument of type A: a value, never a pointer to characters or a view.
template <class A>
using stored_t = typename StoredOf<std::decay_t<A>>::type;

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t N>
inline constexpr bool is_span<std::span<T, N>> = true;
/// A view whose memory is encoded as a Stored is.
template <class View, class Stored>
inline constexpr bool is_view_of = false;
template <>
inline constexpr bool is_view_of<std::string_view, std::string> = true;
template <class T, std::size_t N, class Stored>
inline constexpr bool is_view_of<std::span<T, N>, Stored> =
    std::is_same_v<Stored, std::vector<std::remove_const_t<T>>>;

/// `value` as what is stored of it.
template <class Stored, class Value>
constexpr decltype(auto) as_stored(Value&& value) {
  using Given = std::remove_cvref_t<Value>;
  if constexpr (std::is_same_v<Stored, Given>) {
    return std::forward<Value>(value);
  } else if constexpr (is_span<Given>) {
    return Stored(value.begin(), value.end());
  } else {
    return static_cast<Stored>(std::forward<Value>(value));
  }
}

// A pointer to member is two words in the Itanium ABI: for a non-virtual function the first is its
// address, which differs between processes; for a virtual one it is odd, the position in the table,
// which does not.
struct MemberFunctionWords {
  std::ptrdiff_t pointer, adjustment;
};

template <class Archive, class F>
void save_callable(Archive& archive, const F& function) {
  if constexpr (is_function_pointer<F>) {
    Bytes reference;
    put_code(reference, reinterpret_cast<const void*>(function));
    archive.saveBinary(reference.data(), reference.size());
  } else if constexpr (std::is_member_function_pointer_v<F>) {
    MemberFunctionWords words;
    static_assert(sizeof words == sizeof function);
    std::memcpy(&words, &function, sizeof words);
    const bool is_virtual = (words.pointer & 1) != 0;
    archive(is_virtual, words.adjustment);
    if (is_virtual) {
      archive(words.pointer);
    } else {
      Bytes reference;
      put_code(reference, reinterpret_cast<const void*>(words.pointer));
      archive.saveBinary(reference.data(), reference.size());
    }
  } else if constexpr (std::is_member_object_pointer_v<F>) {
    archive.saveBinary(&function, sizeof function);
  } else if constexpr (!is_stateless<F>) {
    archive(function);
  }
}

template <class Archive, class F>
void load_callable(Archive& archive, F& function) {
  if constexpr (is_function_pointer<F>) {
    function = take_code_as<F>(archive.source());
  } else if constexpr (std::is_member_function_pointer_v<F>) {
    MemberFunctionWords words{};
    bool is_virtual = false;
    archive(is_virtual, words.adjustment);
    if (is_virtual) {
      archive(words.pointer);
    } else {
      words.pointer = reinterpret_cast<std::ptrdiff_t>(take_code(archive.source()));
    }
    std::memcpy(&function, &words, sizeof words);
  } else if constexpr (std::is_member_object_pointer_v<F>) {
    archive.loadBinary(&function, sizeof function);
  } else if constexpr (!is_stateless<F>) {
    archive(function);
  }
}

/// Entry of a Call: reads the function and calls it.
template <class F>
void run_call(Reader& source) {
  F function{};
  InputArchive archive(source);
  load_callable(archive, function);
  static_cast<void>(std::invoke(function));
}
using CallEntry = void (*)(Reader&);

}  // namespace brood::detail

#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/call.hpp>
#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/codec/refused_copies.hpp>

namespace brood {

/// A function with its first arguments bound. It can be serialized, so it may be a task. Made by
/// task(). Threads: as any value.
template <class F, class... Bound>
class Task {
 public:
  /// For decoding only: load() replaces all values.
  Task() = default;
  /// Binds these values to this function as its first arguments.
  explicit Task(F function, Bound... bound)
      : function_(std::move(function)), bound_(std::move(bound)...) {}

  /// Calls function(bound..., args...). Throws what that throws.
  template <class... Args>
  std::invoke_result_t<F&, Bound&..., Args...> operator()(Args&&... args) {
    return std::apply(
        [&](Bound&... bound) -> std::invoke_result_t<F&, Bound&..., Args...> {
          return std::invoke(function_, bound..., std::forward<Args>(args)...);
        },
        bound_);
  }

  /// Encodes function and values. Throws CodecError and what a serializer throws.
  template <class Archive>
  void save(Archive& archive) const {
    detail::save_callable(archive, function_);
    archive(bound_);
  }
  /// Decodes function and values. Throws CodecError and what a serializer throws.
  template <class Archive>
  void load(Archive& archive) {
    detail::load_callable(archive, function_);
    archive(bound_);
  }

 private:
  F function_{};
  std::tuple<Bound...> bound_;
};

namespace detail {
/// A bound call travels as its parts do, and is refused for the first that does not.
template <class F, class... Bound, class O>
struct Judged<Task<F, Bound...>, O> {
  using type = first_refusal_t<task_verdict_t<F>, value_verdict_t<Bound>...>;
};
template <class F, class... Bound>
inline constexpr bool has_parts<Task<F, Bound...>> = true;
}  // namespace detail

/// What task(function, bound...) returns. It stores text as a std::string and a std::span as a
/// std::vector.
template <class F, class... Bound>
using BoundTask = Task<F, detail::stored_t<Bound>...>;

/// Binds `bound` to the first parameters of `function`; the call gives the others. Values are
/// copied or moved, text becomes a std::string. Does not block. Throws what copying throws.
/// Threads: any. Cost: the copies.
///   pool.map(brood::task(scale, 2.5), values);
template <class F, class... Bound>
BoundTask<F, Bound...> task(F function, Bound&&... bound) {
  return BoundTask<F, Bound...>(std::move(function), detail::as_stored<detail::stored_t<Bound>>(
                                                         std::forward<Bound>(bound))...);
}

/// A lambda whose captures are trivially copyable values, sent as the bytes that it consists of.
/// Made by copied(). Threads: as any value.
template <class F>
class Copied {
 public:
  /// For decoding only: zero bytes that serialize() replaces.
  Copied() = default;
  /// Copies the bytes of this lambda.
  explicit Copied(const F& function) { std::memcpy(bytes_, &function, sizeof(F)); }

  /// Calls the lambda with `args`. Throws what it throws.
  template <class... Args>
  std::invoke_result_t<F&, Args...> operator()(Args&&... args) {
    return std::invoke(*std::launder(reinterpret_cast<F*>(bytes_)), std::forward<Args>(args)...);
  }
  /// Encodes or decodes the bytes.
  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::binary_data(bytes_, sizeof(F)));
  }

 private:
  alignas(F) std::byte bytes_[sizeof(F)]{};
};

/// A lambda whose captures are trivially copyable values. What may hold a pointer or a reference is
/// none: also what captures a std::optional or std::variant of something as large as a pointer.
template <class F>
concept HoldsValues = std::is_trivially_copyable_v<F> && !detail::may_hold_pointer<F>;

/// Makes a task of a lambda. A captured pointer or reference would still mean the memory of this
/// process: it is refused, and so is what may hide one. Does not block or throw. Threads: any.
/// Cost: a copy of the bytes.
template <class F>
requires HoldsValues<F> Copied<F> copied(const F& function) { return Copied<F>(function); }

namespace detail {
template <class F>
struct FirstParameter<Copied<F>> : FirstParameter<F> {};
/// Encodes a Call. Throws what encoding the bound values throws.
template <class F>
struct CallEncoder<F, void> {
  /// Of `function`, or of the address of one: its code reference and bound values.
  template <class Function>
  static Bytes encode(const Function& function) {
    check_task<F>();
    static_assert(std::is_invocable_v<F&>,
                  "brood: an initializer or hook takes no arguments; bind them with "
                  "brood::task(function, values...)");
    Bytes bytes;
    put_code(bytes, reinterpret_cast<const void*>(&run_call<F>));
    OutputArchive archive(bytes);
    save_callable(archive, decayed(function));
    return bytes;
  }
};
}  // namespace detail

}  // namespace brood

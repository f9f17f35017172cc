#pragma once

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace brood {

/// How one element ended: with a value, or with the exception that AsyncResult::get would throw.
/// Threads: as any value.
template <class R>
class Outcome {
 public:
  /// The type of the value: R, or std::monostate where R is void.
  using value_type = std::conditional_t<std::is_void_v<R>, std::monostate, R>;
  /// What value() returns: R&, or void where R is void.
  using reference = std::conditional_t<std::is_void_v<R>, void, value_type&>;
  /// The same of an outcome that is const.
  using const_reference = std::conditional_t<std::is_void_v<R>, void, const value_type&>;

  /// An outcome with this value.
  Outcome(value_type value) : state_(std::in_place_index<0>, std::move(value)) {}
  /// An outcome with this error.
  Outcome(std::exception_ptr error) : state_(std::in_place_index<1>, std::move(error)) {}

  /// Whether there is a value.
  bool has_value() const noexcept { return state_.index() == 0; }
  /// Same.
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Throws the error where there is no value.
  reference value() & {
    rethrow();
    if constexpr (!std::is_void_v<R>) return std::get<0>(state_);
  }
  const_reference value() const& {
    rethrow();
    if constexpr (!std::is_void_v<R>) return std::get<0>(state_);
  }
  /// Same; moves the value out.
  R value() && {
    rethrow();
    if constexpr (!std::is_void_v<R>) return std::get<0>(std::move(state_));
  }
  /// The error; null where there is a value.
  std::exception_ptr error() const noexcept { return has_value() ? nullptr : std::get<1>(state_); }

 private:
  void rethrow() const {
    if (!has_value()) std::rethrow_exception(std::get<1>(state_));
  }

  std::variant<value_type, std::exception_ptr> state_;
};

}  // namespace brood

#pragma once

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace brood {

/// How one element ended: with a value, or with the exception that AsyncResult::get would throw.
/// Threads: as any value.
template <class R>
class Outcome {
 public:
  /// The type of the value: R, or std::tuple<> where R is void.
  using value_type = std::conditional_t<std::is_void_v<R>, std::tuple<>, R>;
  /// What value() returns: R&, or void where R is void.
  using reference = std::conditional_t<std::is_void_v<R>, void, value_type&>;
  /// The same of an outcome that is const.
  using const_reference = std::conditional_t<std::is_void_v<R>, void, const value_type&>;

  /// An outcome with this value.
  Outcome(value_type value) : value_(std::move(value)) {}
  /// An outcome with this error.
  Outcome(std::exception_ptr error) : error_(std::move(error)) {}

  /// Whether there is a value.
  bool has_value() const noexcept { return value_.has_value(); }
  /// Same: also for an R that converts to bool, whose value it does not look at.
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Throws the error where there is no value.
  reference value() & {
    rethrow();
    if constexpr (!std::is_void_v<R>) return *value_;
  }
  const_reference value() const& {
    rethrow();
    if constexpr (!std::is_void_v<R>) return *value_;
  }
  /// Same; moves the value out.
  R value() && {
    rethrow();
    if constexpr (!std::is_void_v<R>) return *std::move(value_);
  }
  /// The error; null where there is a value, and of an outcome that was moved from.
  std::exception_ptr error() const noexcept { return error_; }

 private:
  void rethrow() const {
    if (!has_value()) std::rethrow_exception(error_);
  }

  std::optional<value_type> value_;
  std::exception_ptr error_;
};

}  // namespace brood

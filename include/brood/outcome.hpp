#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

namespace brood {

/// How an element ended.
enum class OutcomeKind : std::uint8_t {
  /// With a value.
  value,
  /// The task threw.
  exception,
  /// Its worker died: WorkerLost.
  worker_lost,
  /// It ran longer than CallOptions::timeout: TaskTimeout.
  timeout,
  /// It was cancelled, or its pool ended: Cancelled.
  cancelled,
  /// The library could not run it, or not bring its result: CodecError, StartError, SystemError.
  error,
};

namespace detail {
/// Of an error that an element ended with; null: of none.
BROOD_API OutcomeKind kind_of(const std::exception_ptr& error) noexcept;
/// The TaskError that is the exception or nested in it; null: neither.
BROOD_API const TaskError* task_error_in(const std::exception_ptr& error) noexcept;
/// What an element wrote that ended with this error; null: of none.
BROOD_API const std::string& output_in(const std::exception_ptr& error) noexcept;
}  // namespace detail

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

  /// An outcome with this value, of this element of its call, which wrote `output`; null: nothing.
  Outcome(value_type value, std::size_t index = 0,
          std::shared_ptr<const std::string> output = nullptr)
      : index_(index), value_(std::move(value)), output_(std::move(output)) {}
  /// An outcome with this error, of this element of its call.
  Outcome(std::exception_ptr error, std::size_t index = 0)
      : index_(index), error_(std::move(error)) {}

  /// Position of the element in the input of its call; 0 for a call of one element.
  std::size_t index() const noexcept { return index_; }
  /// How it ended.
  OutcomeKind kind() const noexcept {
    return has_value() ? OutcomeKind::value : detail::kind_of(error_);
  }
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
  /// The value, as value() gives it: it throws the error where there is no value.
  reference operator*() & { return value(); }
  const_reference operator*() const& { return value(); }
  R operator*() && { return std::move(*this).value(); }
  /// A member of the value. Throws the error where there is no value.
  value_type* operator->() {
    rethrow();
    return &*value_;
  }
  const value_type* operator->() const {
    rethrow();
    return &*value_;
  }
  /// The value, or `other` where there is none.
  template <class Other>
  value_type value_or(Other&& other) const& {
    return value_.value_or(std::forward<Other>(other));
  }
  /// Same; moves the value out.
  template <class Other>
  value_type value_or(Other&& other) && {
    return std::move(value_).value_or(std::forward<Other>(other));
  }

  /// What the element wrote to stdout and stderr, with Output::capture: the last bytes of it.
  /// Empty: nothing, or it ended without a worker. Of a whole map: that of its elements, in input
  /// order. Valid as long as the outcome, or its error, lives.
  const std::string& output() const noexcept {
    return output_ ? *output_ : detail::output_in(error_);
  }
  /// The error; null where there is a value, and of an outcome that was moved from.
  std::exception_ptr error() const noexcept { return error_; }
  /// The error as an E; null where there is a value, or the error is no E. For TaskError also the
  /// one that is nested in the task's own exception. Valid as long as the error lives.
  template <class E>
  const E* error_as() const noexcept {
    if (!error_) return nullptr;
    if constexpr (std::is_same_v<E, TaskError>) {
      return detail::task_error_in(error_);
    } else {
      try {
        std::rethrow_exception(error_);
      } catch (const E& error) {
        return &error;
      } catch (...) {
        return nullptr;
      }
    }
  }

 private:
  void rethrow() const {
    if (!has_value()) std::rethrow_exception(error_);
  }

  std::size_t index_;
  std::optional<value_type> value_;
  std::exception_ptr error_;
  std::shared_ptr<const std::string> output_;  // beside a value; null: nothing
};

}  // namespace brood

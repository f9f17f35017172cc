#pragma once

#include <concepts>
#include <ios>
#include <optional>
#include <type_traits>
#include <utility>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>
#include <brood/object_errors.hpp>

namespace brood {

/// A value that was received; empty at the end of the stream, or where none came in time. It is
/// used as a std::optional<T>, and initializes one. Where you do not expect an empty one, use it as
/// the value itself: it converts to T, and throws EndOfStream when it is empty.
///   while (auto line = connection.recv<std::string>()) use(*line);
///   int answer = connection.recv<int>();
///   std::optional<int> perhaps = queue.try_get();
/// Throws: nothing, but for EndOfStream where that is said, and what T throws. Threads: as any
/// value.
template <class T>
class Received {
 public:
  /// The value's type.
  using value_type = T;

  /// An empty one.
  Received() = default;
  Received(std::nullopt_t) noexcept {}
  /// One with this value, or an empty one.
  Received(std::optional<T> value) : value_(std::move(value)) {}
  /// One with this value.
  template <class U = T>
  requires(!std::same_as<std::remove_cvref_t<U>, Received> &&
           !std::same_as<std::remove_cvref_t<U>, std::optional<T>> && std::convertible_to<U, T>)
      Received(U&& value)
      : value_(std::in_place, std::forward<U>(value)) {}

  /// Whether there is a value.
  bool has_value() const noexcept { return value_.has_value(); }
  /// Same, also for a T that converts to bool.
  // As good a match as the conversion to T, so that a condition asks for the value's presence.
  explicit operator bool() const& noexcept { return has_value(); }
  explicit operator bool() && noexcept { return has_value(); }

  /// The value. Throws EndOfStream where there is none.
  const T& value() const& { return *checked(); }
  T& value() & { return *checked(); }
  /// Same; moves the value out.
  T value() && { return std::move(*checked()); }
  /// Same as value().
  const T& get() const& { return value(); }
  T& get() & { return value(); }
  T get() && { return std::move(*this).value(); }
  /// Same as value().
  const T& operator*() const& { return value(); }
  /// Same as value().
  T& operator*() & { return value(); }
  /// Same as value().
  T operator*() && { return std::move(*this).value(); }
  /// Same as value().
  const T* operator->() const { return &value(); }
  /// Same as value().
  T* operator->() { return &value(); }
  /// Same as value(). Not for bool: use value().
  operator T() const& requires(!std::is_same_v<T, bool>) { return value(); }
  operator T() && requires(!std::is_same_v<T, bool>) { return std::move(*this).value(); }
  /// The value, or `otherwise` where there is none.
  template <std::convertible_to<T> U>
  T value_or(U&& otherwise) const& {
    return value_.value_or(std::forward<U>(otherwise));
  }
  /// Same; moves the value out.
  template <std::convertible_to<T> U>
  T value_or(U&& otherwise) && {
    return std::move(value_).value_or(std::forward<U>(otherwise));
  }

  /// The value, or nothing where it is empty: `std::optional<int> next = queue.try_get();`. With
  /// parentheses or braces, in an emplace(), where it is assigned to an optional that exists, and
  /// for an optional of another type it goes by way of the T, and throws where it is empty. With
  /// parentheses a std::optional<bool> gets whether there is a value.
  operator std::optional<T>() & { return value_; }
  operator std::optional<T>() const& { return value_; }
  operator std::optional<T>() && { return std::move(value_); }

  /// Whether both have equal values, or none.
  friend bool operator==(const Received& a,
                         const Received& b) requires std::equality_comparable<T> {
    return a.value_ == b.value_;
  }
  friend bool operator==(const Received& a,
                         const std::optional<T>& b) requires std::equality_comparable<T> {
    return a.value_ == b;
  }
  /// Whether it is empty.
  friend bool operator==(const Received& received, std::nullopt_t) noexcept {
    return !received.has_value();
  }
  /// Whether it has this value.
  template <class U>
  requires(!std::same_as<U, Received> &&
           requires(const T& a, const U& b) {
             { a == b } -> std::convertible_to<bool>;
           }) friend bool
  operator==(const Received& received, const U& value) {
    return received.has_value() && *received.value_ == value;
  }

 private:
  const std::optional<T>& checked() const {
    if (!has_value()) throw EndOfStream();
    return value_;
  }
  std::optional<T>& checked() {
    if (!has_value()) throw EndOfStream();
    return value_;
  }

  std::optional<T> value_;
};

/// Writes the value to `stream`. Throws EndOfStream where there is none.
template <class Stream, class T>
requires(std::derived_from<Stream, std::ios_base>&& requires(Stream& stream, const T& value) {
  stream << value;
}) Stream&
operator<<(Stream& stream, const Received<T>& received) {
  stream << received.value();
  return stream;
}

}  // namespace brood

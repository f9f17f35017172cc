#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>
#include <brood/object_errors.hpp>

namespace brood {

/// A value that was received; empty at the end of the stream, or where none came in time. Where you
/// do not expect that, use it as the value itself: it converts to T, and throws EndOfStream when it
/// is empty. Where you do, keep it with `auto`: a std::optional<T> is made by way of the T.
///   while (auto line = connection.recv<std::string>()) use(*line);
///   int answer = connection.recv<int>();
template <class T>
class Received : public std::optional<T> {
 public:
  using std::optional<T>::optional;

  /// Whether there is a value, also for a T that converts to bool.
  // As good a match as the conversion to T, so that a condition asks for the value's presence.
  explicit operator bool() const& noexcept { return this->has_value(); }
  explicit operator bool() && noexcept { return this->has_value(); }
  /// The value. Throws EndOfStream where there is none. Not for bool: use get().
  operator T() const& requires(!std::is_same_v<T, bool>) { return get(); }
  operator T() && requires(!std::is_same_v<T, bool>) { return std::move(*this).get(); }
  /// The value. Throws EndOfStream where there is none.
  const T& get() const& {
    if (!this->has_value()) throw EndOfStream();
    return **this;
  }
  /// Same; moves the value out.
  T get() && {
    if (!this->has_value()) throw EndOfStream();
    return std::move(**this);
  }
};

/// Writes the value to `stream`. Throws EndOfStream where there is none.
template <class Stream, class T>
requires requires(Stream& stream, const T& value) { stream << value; }
Stream& operator<<(Stream& stream, const Received<T>& received) {
  stream << received.get();
  return stream;
}

}  // namespace brood

#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <brood/detail/export.hpp>
#include <brood/errors.hpp>

namespace brood {

/// A value was asked for where the stream had ended.
class BROOD_API EndOfStream : public Error {
 public:
  EndOfStream();
  ~EndOfStream() override;
};

/// What came, or nothing at the end of the stream. Who does not expect the end may take it for the
/// value itself: it converts, and throws EndOfStream when there is none.
///   while (auto line = connection.recv<std::string>()) use(*line);
///   int answer = connection.recv<int>();
template <class T>
class Received : public std::optional<T> {
 public:
  using std::optional<T>::optional;

  // As good a match as the conversion to T, so that a condition asks for the value's presence.
  explicit operator bool() const& noexcept { return this->has_value(); }
  explicit operator bool() && noexcept { return this->has_value(); }
  operator T() const& requires(!std::is_same_v<T, bool>) { return get(); }
  operator T() && requires(!std::is_same_v<T, bool>) { return std::move(*this).get(); }
  /// The value; throws EndOfStream where there is none.
  const T& get() const& {
    if (!this->has_value()) throw EndOfStream();
    return **this;
  }
  T get() && {
    if (!this->has_value()) throw EndOfStream();
    return std::move(**this);
  }
};

/// Writes the value; throws EndOfStream where there is none.
template <class Stream, class T>
requires requires(Stream& stream, const T& value) { stream << value; }
Stream& operator<<(Stream& stream, const Received<T>& received) {
  stream << received.get();
  return stream;
}

}  // namespace brood

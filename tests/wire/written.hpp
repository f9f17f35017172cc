#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <brood/codec.hpp>

// Bytes as no encoder writes them, and what decoding them says.
namespace brood::testing {

/// Numbers as they lie in memory, strings with their length.
class Written {
 public:
  template <class... T>
  explicit Written(const T&... values) {
    (add(values), ...);
  }
  template <class T>
  Written& add(const T& value) {
    if constexpr (std::is_convertible_v<T, std::string_view>) {
      detail::encode_value(bytes_, std::string(value));
    } else {
      bytes_.append(&value, sizeof value);
    }
    return *this;
  }
  std::span<const std::byte> view() const noexcept { return bytes_.view(); }

 private:
  detail::Bytes bytes_;
};

inline constexpr std::uint32_t new_object = 0x8000'0000;  // in front of an object's own bytes

template <class T>
T decoded(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  T value = detail::decode_value<T>(reader);
  EXPECT_EQ(reader.left(), 0u);
  return value;
}
template <class T>
T decoded(const Written& written) {
  return decoded<T>(written.view());
}

template <class T>
T there_and_back(const T& value) {
  detail::Bytes bytes;
  detail::encode_value(bytes, value);
  return decoded<T>(bytes.view());
}

/// The text of the CodecError that decoding ends in.
template <class T>
std::string refusal(std::span<const std::byte> bytes) {
  try {
    Reader reader(bytes);
    detail::decode_value<T>(reader);
  } catch (const CodecError& error) {
    EXPECT_EQ(error.direction(), CodecError::Direction::decode);
    EXPECT_FALSE(error.type().empty());
    return error.what();
  }
  ADD_FAILURE() << "decoded";
  return {};
}
template <class T>
std::string refusal(const Written& written) {
  return refusal<T>(written.view());
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace brood::testing

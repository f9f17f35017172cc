#include "base/printable.hpp"

#include <algorithm>
#include <cstddef>

namespace brood::base {
namespace {

bool continues(unsigned char byte) noexcept { return (byte & 0xc0) == 0x80; }

// Bytes of the well-formed UTF-8 sequence of several bytes at the start of `text`; 0: there is
// none. Overlong ones are none: they are another way to write a control character.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(byte(i))) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  return overlong ? 0 : length;
}

bool is_command(unsigned char byte) noexcept {
  if (byte == '\n' || byte == '\t') return false;
  return byte < 0x20 || (byte >= 0x7f && byte < 0xa0);
}

bool may_be_command(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || is_command(byte);
}

bool is_c1(std::string_view sequence) noexcept {
  return sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xa0;
}

void append_escaped(std::string& target, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (byte == '\r') {
    target += "\\r";
    return;
  }
  target += "\\x";
  target += digits[byte >> 4];
  target += digits[byte & 15];
}

}  // namespace

std::string printable(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), may_be_command)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view one = text.substr(0, length == 0 ? 1 : length);
    const auto byte = static_cast<unsigned char>(one[0]);
    if (length != 0 && is_c1(one)) {
      append_escaped(result, byte);
      append_escaped(result, static_cast<unsigned char>(one[1]));
    } else if (length == 0 && is_command(byte)) {
      append_escaped(result, byte);
    } else {
      result += one;
    }
    text.remove_prefix(one.size());
  }
  return result;
}

}  // namespace brood::base

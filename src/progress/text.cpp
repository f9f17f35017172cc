#include "progress/text.hpp"

#include <clocale>
#include <cwchar>

#include "base/printable.hpp"

namespace brood::progress {
namespace {

/// The calling thread's locale is C.UTF-8 while it lives, whatever the program has set: the C
/// library then knows UTF-8 and how wide its characters are.
class Utf8Locale {
 public:
  Utf8Locale() noexcept : before_(::uselocale(utf8() != locale_t{} ? utf8() : ::uselocale({}))) {}
  ~Utf8Locale() { ::uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t utf8() noexcept {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
    return locale;
  }
  const locale_t before_;
};

struct Character {
  std::string_view bytes;
  wchar_t code = 0;  // 0: it is no UTF-8
};

Character first_of(std::string_view text) {
  std::mbstate_t state{};
  wchar_t code = 0;
  const std::size_t length = std::mbrtowc(&code, text.data(), text.size(), &state);
  if (length == 0 || length > text.size()) return {text.substr(0, 1), 0};
  return {text.substr(0, length), code};
}

template <class Take>
void for_each_character(std::string_view text, Take take) {
  const Utf8Locale locale;
  while (!text.empty()) {
    const Character next = first_of(text);
    if (!take(next)) return;
    text.remove_prefix(next.bytes.size());
  }
}

// Marks that turn the direction of what follows, and separators of lines and paragraphs.
bool rearranges(wchar_t code) noexcept {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

// U+FE0F asks for a wide picture in place of the character before it. Of characters that are newer
// than the C library nothing is known.
std::size_t columns_of(const Character& character) {
  if (character.code == 0 || character.code == 0xfe0f) return 1;
  const int width = ::wcwidth(character.code);
  return width < 0 ? 2 : static_cast<std::size_t>(width);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  for_each_character(base::printable(text), [&line](const Character& next) {
    if (next.bytes == "\n" || next.bytes == "\t") {
      line += ' ';
    } else if (next.code == 0 || rearranges(next.code)) {
      line += '?';
    } else {
      line += next.bytes;
    }
    return true;
  });
  return line;
}

std::size_t columns_of(std::string_view line) {
  std::size_t columns = 0;
  for_each_character(line, [&columns](const Character& next) {
    columns += columns_of(next);
    return true;
  });
  return columns;
}

std::string shortened(std::string_view line, std::size_t columns) {
  if (columns_of(line) <= columns) return std::string(line);
  constexpr std::string_view ellipsis = "..";
  const std::size_t room = columns > ellipsis.size() ? columns - ellipsis.size() : 0;
  std::string beginning;
  std::size_t taken = 0;
  for_each_character(line, [&](const Character& next) {
    taken += columns_of(next);
    if (taken <= room) beginning += next.bytes;
    return taken <= room;
  });
  return beginning += ellipsis.substr(0, columns);
}

}  // namespace brood::progress

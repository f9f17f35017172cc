#include "progress/block.hpp"

namespace brood::progress {

namespace {
// Control sequences of ECMA-48, which every terminal since the VT100 knows.
constexpr const char* clear_to_end_of_line = "\x1b[K";
constexpr const char* clear_to_end_of_screen = "\x1b[J";
std::string up(std::size_t lines) { return "\x1b[" + std::to_string(lines) + 'A'; }
}  // namespace

// Each line is written over the one before it, and what is left of that is cleared after that: to
// clear first would flicker.
std::string Block::paint(const std::vector<std::string>& lines) {
  if (lines.empty()) return take_down();
  std::string text;
  for (const std::string& line : lines) {
    text += text.empty() ? "\r" : std::string(clear_to_end_of_line) + "\r\n";
    text += line;
  }
  text += clear_to_end_of_screen;
  if (lines.size() > 1) text += up(lines.size() - 1);
  shown_ = true;
  return text += '\r';
}

std::string Block::take_down() {
  if (!shown_) return {};
  shown_ = false;
  return std::string("\r") + clear_to_end_of_screen;
}

}  // namespace brood::progress

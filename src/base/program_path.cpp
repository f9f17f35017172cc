#include "base/program_path.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace brood::base {
namespace {

// As one word of a shell.
std::string quoted(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("/._-+=:,@%").find(c) != std::string_view::npos;
  };
  if (std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string program_path() {
  std::array<char, 4096> path{};
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return "./program";
  return {path.data(), static_cast<std::size_t>(length)};
}

std::string replay_command(const std::string& file) {
  return quoted(program_path()) + " --brood-replay " + quoted(file);
}

}  // namespace brood::base

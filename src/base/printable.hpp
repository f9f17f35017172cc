#pragma once

#include <string>
#include <string_view>

namespace brood::base {

/// The text as it may go to a terminal, which takes control characters for commands. C0 characters
/// but for newline and tab, DEL, and C1 characters, as UTF-8 or as single bytes, become "\x1b" and
/// the like; a carriage return becomes "\r". All else stays as it is, also bytes that are no UTF-8.
std::string printable(std::string_view text);

}  // namespace brood::base

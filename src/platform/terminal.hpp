#pragma once

#include <optional>
#include <string_view>

namespace brood::platform {

/// Whether the descriptor is a terminal that knows how to move its cursor: not where TERM is
/// "dumb".
bool is_terminal(int descriptor) noexcept;

/// In characters.
struct TerminalSize {
  int columns, rows;
};
/// The size that the terminal has now, 80 by 24 where it does not say; nothing where the descriptor
/// is no terminal.
std::optional<TerminalSize> terminal_size(int descriptor) noexcept;

/// Whether this process may write to the terminal now without being in the way of another one, or
/// waiting: it is in the foreground, and the output is not stopped (Ctrl-S).
bool terminal_is_free(int descriptor) noexcept;

/// Writes a text, or what the other end takes of it within a second. Raises no SIGPIPE.
void write_text(int descriptor, std::string_view text) noexcept;

}  // namespace brood::platform

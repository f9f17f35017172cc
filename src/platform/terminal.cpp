#include "platform/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <span>

#include "platform/pipe.hpp"

namespace brood::platform {
namespace {

bool takes_output(int descriptor, int wait_ms) noexcept {
  pollfd watched{descriptor, POLLOUT, 0};
  return ::poll(&watched, 1, wait_ms) == 1 && (watched.revents & POLLOUT) != 0;
}

}  // namespace

bool is_terminal(int descriptor) noexcept {
  const char* const kind = std::getenv("TERM");
  return (kind == nullptr || std::string_view(kind) != "dumb") && ::isatty(descriptor) == 1;
}

std::optional<TerminalSize> terminal_size(int descriptor) noexcept {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return TerminalSize{size.ws_col == 0 ? 80 : size.ws_col, size.ws_row == 0 ? 24 : size.ws_row};
}

// A terminal that is not this process's controlling one has no foreground for it: tcgetpgrp(3)
// fails.
bool terminal_is_free(int descriptor) noexcept {
  const pid_t foreground = ::tcgetpgrp(descriptor);
  return (foreground < 0 || foreground == ::getpgrp()) && takes_output(descriptor, 0);
}

void write_text(int descriptor, std::string_view text) noexcept try {
  constexpr int patience_ms = 1000;
  if (takes_output(descriptor, patience_ms)) write_all(descriptor, std::as_bytes(std::span(text)));
} catch (const std::exception&) {
  // What could tell of it is what does not work.
}

}  // namespace brood::platform

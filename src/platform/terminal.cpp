#include "platform/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>

#include "platform/pipe.hpp"

namespace brood::platform {
namespace {

constexpr std::chrono::duration<int, std::milli> patience{1000};

bool takes_output(int descriptor, int wait_ms) noexcept {
  pollfd watched{descriptor, POLLOUT, 0};
  return ::poll(&watched, 1, wait_ms) == 1 && (watched.revents & POLLOUT) != 0;
}

// Of a text what the terminal takes within a second. POLLOUT says that it has some room, and not
// for how much, so it is opened anew: O_NONBLOCK of the descriptor that there is would be for all
// that share it. False where it cannot be opened.
bool write_without_blocking(int descriptor, std::string_view text) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  const int own = ::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return false;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!text.empty()) {
    const ssize_t written = ::write(own, text.data(), text.size());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    if (written >= 0 || errno == EINTR) continue;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (errno != EAGAIN || left.count() <= 0 || !takes_output(own, static_cast<int>(left.count())))
      break;
  }
  ::close(own);
  return true;
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
  if (::isatty(descriptor) == 1 && write_without_blocking(descriptor, text)) return;
  if (takes_output(descriptor, patience.count()))
    write_all(descriptor, std::as_bytes(std::span(text)));
} catch (const std::exception&) {
  // What could tell of it is what does not work.
}

}  // namespace brood::platform

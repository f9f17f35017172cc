#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace brood::platform {

/// While it lives, those of the numbers 0 to 2 that are free are taken, so that what another
/// library opens gets none of them: a program that was started without standard streams, or has
/// closed them, gives them a meaning later. Best effort.
class StdioPlaceholders {
 public:
  StdioPlaceholders() noexcept {
    for (int& number : taken_) {
      number = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      if (number < 0 || number > STDERR_FILENO) break;
    }
  }
  ~StdioPlaceholders() {
    for (const int number : taken_) {
      if (number >= 0) ::close(number);
    }
  }
  StdioPlaceholders(const StdioPlaceholders&) = delete;
  StdioPlaceholders& operator=(const StdioPlaceholders&) = delete;

 private:
  std::array<int, 4> taken_{-1, -1, -1, -1};  // the last is one too many
};

}  // namespace brood::platform

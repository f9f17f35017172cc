#include "platform/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include <brood/errors.hpp>

namespace brood::platform {

void draw_random(std::span<std::byte> target, const char* what) {
  while (!target.empty()) {
    const ssize_t count = ::getrandom(target.data(), target.size(), 0);
    if (count > 0) target = target.subspan(static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) throw SystemError("getrandom", what, errno);
  }
}

std::uint64_t random_number(const char* what) {
  std::uint64_t drawn = 0;
  while (drawn == 0) draw_random(std::as_writable_bytes(std::span(&drawn, 1)), what);
  return drawn;
}

}  // namespace brood::platform

#include "platform/poll.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>

#include <brood/errors.hpp>
#include "platform/system_calls.hpp"

namespace brood::platform {

int poll_until(std::span<pollfd> watched, const Deadline& deadline, const char* what) {
  using std::chrono::milliseconds;
  for (;;) {
    long left = -1;
    if (deadline) {
      const auto now = std::chrono::steady_clock::now();
      const auto rest = *deadline > now ? *deadline - now : std::chrono::nanoseconds(0);
      left = std::min<long>(std::chrono::ceil<milliseconds>(rest).count(), INT_MAX);
    }
    const int ready = system_calls().poll(watched.data(), watched.size(), static_cast<int>(left));
    if (ready > 0 || (ready == 0 && left == 0)) return ready;
    if (ready < 0 && errno != EINTR) throw SystemError("poll", what, errno);
  }
}

}  // namespace brood::platform

#include "platform/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>

#include "platform/timespec.hpp"

namespace brood::platform {
namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
              std::atomic<std::uint32_t>::is_always_lock_free);

int operation(int wanted, FutexScope scope) noexcept {
  return scope == FutexScope::process ? wanted | FUTEX_PRIVATE_FLAG : wanted;
}

}  // namespace

bool futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                const Deadline& deadline, FutexScope scope) noexcept {
  timespec until{};
  if (deadline) until = absolute(*deadline);
  const int saved = errno;
  const long result = ::syscall(SYS_futex, &word, operation(FUTEX_WAIT_BITSET, scope), expected,
                                deadline ? &until : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
  const bool in_time = result == 0 || errno != ETIMEDOUT;
  errno = saved;
  return in_time;
}

void futex_wake(const std::atomic<std::uint32_t>& word, int count, FutexScope scope) noexcept {
  const int saved = errno;
  ::syscall(SYS_futex, &word, operation(FUTEX_WAKE, scope), count, nullptr, nullptr, 0);
  errno = saved;
}

}  // namespace brood::platform

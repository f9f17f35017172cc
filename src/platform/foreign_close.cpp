#include "platform/foreign_close.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <new>
#include <semaphore>

#include "platform/own_table.hpp"

namespace brood::platform {
namespace {

constinit std::atomic<bool> may_wait{false};

/// A close that may wait for a file system that another process serves.
struct Closing {
  explicit Closing(int number) : file(number) {}
  void drop() noexcept {
    if (holders.fetch_sub(1) == 1) delete this;
  }

  const int file;
  std::binary_semaphore done{0};
  std::atomic<int> holders{2};
};

void* run(void* argument) {
  auto* const closing = static_cast<Closing*>(argument);
  ::close(closing->file);
  closing->done.release();
  closing->drop();
  return nullptr;
}

// One that is slow is waited for once.
bool close_in_thread(int number) noexcept {
  constexpr auto patience = std::chrono::milliseconds(20);
  static std::atomic<bool> slow{false};
  auto* const closing = new (std::nothrow) Closing(number);
  if (closing == nullptr) return false;
  pthread_t thread{};
  const bool started = start_plain_thread(thread, Joining::no, run, closing) == 0;
  if (!started) {
    closing->drop();
  } else if (!slow.load(std::memory_order_relaxed) && !closing->done.try_acquire_for(patience)) {
    slow.store(true, std::memory_order_relaxed);
  }
  closing->drop();
  return started;
}

// The last close is then the exit of another thread. A task that exits does not linger (the
// kernel's inet_release: PF_EXITING), whatever was asked for; nor for the sockets that wait in this
// one.
void close_by_exit(int number) noexcept {
  const OwnTable holder(number);
  if (!holder && close_in_thread(number)) return;
  if (!holder) {  // no more threads: what it was told to wait for is given up
    constexpr linger none{};
    ::setsockopt(number, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  }
  ::close(number);
}

enum class Way : std::uint8_t { plain, by_exit, in_thread };

// Nothing here asks a file system: one that another process serves (FUSE) may take its time.
Way way_to_close(int number) noexcept {
  constexpr unsigned memory_devices = 1, null = 3, zero = 5, full = 7;  // major, minor numbers
  if (closes_may_wait() || ::fcntl(number, F_GET_SEALS) >= 0) return Way::plain;  // memory
  struct statx facts {};
  if (::statx(number, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &facts) != 0)
    return errno == EBADF ? Way::plain : Way::in_thread;
  switch (facts.stx_mode & S_IFMT) {
    case S_IFSOCK:
    case S_IFIFO:  // splice(2) from a silent socket holds the lock that the last close wants
    case 0:        // eventfd(2), pidfds and their like: so may an epoll set that one is in
      return Way::by_exit;
    case S_IFCHR: {  // whatever can be polled can be in such a set; these three cannot
      const unsigned minor = facts.stx_rdev_minor;
      return facts.stx_rdev_major == memory_devices &&
                     (minor == null || minor == zero || minor == full)
                 ? Way::plain
                 : Way::in_thread;
    }
    default:
      return Way::in_thread;
  }
}

}  // namespace

void close_foreign(int number) noexcept {
  switch (way_to_close(number)) {
    case Way::by_exit:
      return close_by_exit(number);
    case Way::in_thread:
      if (close_in_thread(number)) return;
      [[fallthrough]];
    case Way::plain:
      ::close(number);
  }
}

void set_closes_may_wait(bool may) noexcept { may_wait.store(may, std::memory_order_relaxed); }
bool closes_may_wait() noexcept { return may_wait.load(std::memory_order_relaxed); }

}  // namespace brood::platform

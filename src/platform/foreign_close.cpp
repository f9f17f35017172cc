#include "platform/foreign_close.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <new>

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
  ThreadSemaphore done;
  std::atomic<int> holders{2};
};

constexpr int most_closing = 16;
constinit std::atomic<int> closing_now{0};

void* run(void* argument) {
  auto* const closing = static_cast<Closing*>(argument);
  ::close(closing->file);
  closing_now.fetch_sub(1);
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
  const bool started = closing_now.fetch_add(1) < most_closing &&
                       start_plain_thread(thread, Joining::no, run, closing) == 0;
  if (!started) {
    closing_now.fetch_sub(1);
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
bool close_by_exit(int number) noexcept {
  if (lingering_tables() >= most_lingering) return false;
  const OwnTable holder(number);
  if (!holder) return close_in_thread(number);
  ::close(number);
  return true;
}

enum class CloseMethod : std::uint8_t { plain, by_exit, in_thread };

// Nothing here asks a file system: one that another process serves (FUSE) may take its time.
CloseMethod close_method(int number) noexcept {
  constexpr unsigned memory_devices = 1, null = 3, zero = 5, full = 7;  // major, minor numbers
  if (closes_may_wait() || ::fcntl(number, F_GET_SEALS) >= 0) return CloseMethod::plain;  // memory
  struct statx facts {};
  if (::statx(number, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &facts) != 0)
    return errno == EBADF ? CloseMethod::plain : CloseMethod::in_thread;
  switch (facts.stx_mode & S_IFMT) {
    case S_IFSOCK:
    case S_IFIFO:  // splice(2) from a silent socket holds the lock that the last close wants
    case 0:        // eventfd(2), pidfds and their like: so may an epoll set that one is in
      return CloseMethod::by_exit;
    case S_IFCHR: {  // whatever can be polled can be in such a set; these three cannot
      const unsigned minor = facts.stx_rdev_minor;
      return facts.stx_rdev_major == memory_devices &&
                     (minor == null || minor == zero || minor == full)
                 ? CloseMethod::plain
                 : CloseMethod::in_thread;
    }
    default:
      return CloseMethod::in_thread;
  }
}

bool try_to_close(int number) noexcept {
  switch (close_method(number)) {
    case CloseMethod::by_exit:
      return close_by_exit(number);
    case CloseMethod::in_thread:
      return close_in_thread(number);
    case CloseMethod::plain:
      ::close(number);
  }
  return true;
}

// Numbers that could not be closed, and one more each; 0: a free place. Those of the process that
// this one was forked from are not its own.
constinit std::array<std::atomic<int>, 4096> kept{};
constinit std::atomic<std::size_t> kept_count{0};
constinit std::atomic<unsigned> kept_in{0};  // fork generation

void keep(int number) noexcept {
  for (std::atomic<int>& place : kept) {
    int free = 0;
    if (!place.compare_exchange_strong(free, number + 1)) continue;
    own_descriptors.insert(number);  // a process that is forked lets go of it
    kept_count.fetch_add(1);
    return;
  }
  ::close(number);
}

void forget_kept_before_fork() noexcept {
  const unsigned now = fork_generation();
  if (kept_in.exchange(now) == now) return;
  for (std::atomic<int>& place : kept) place.store(0);
  kept_count.store(0);
}

void close_kept() noexcept {
  for (std::atomic<int>& place : kept) {
    if (kept_count.load() == 0) return;
    const int number = place.exchange(0) - 1;
    if (number < 0) continue;
    kept_count.fetch_sub(1);
    own_descriptors.erase(number);
    if (!try_to_close(number)) return keep(number);
  }
}

}  // namespace

void close_foreign(int number) noexcept {
  forget_kept_before_fork();
  close_kept();
  if (!try_to_close(number)) keep(number);
}

std::size_t kept_open() noexcept {
  return kept_in.load() == fork_generation() ? kept_count.load() : 0;
}

void set_closes_may_wait(bool may) noexcept { may_wait.store(may, std::memory_order_relaxed); }
bool closes_may_wait() noexcept { return may_wait.load(std::memory_order_relaxed); }

}  // namespace brood::platform

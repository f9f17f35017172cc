#include "platform/foreign_close.hpp"

#include <linux/magic.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "platform/own_table.hpp"

namespace brood::platform {
namespace {

constinit std::atomic<bool> may_wait{false};

void* close_and_end(void* number) {
  ::close(static_cast<int>(reinterpret_cast<std::intptr_t>(number)));
  return nullptr;
}

// Whether it waits is its own business.
bool close_in_thread(int number) noexcept {
  pthread_t thread{};
  void* const argument = reinterpret_cast<void*>(static_cast<std::intptr_t>(number));
  return start_plain_thread(thread, Joining::no, close_and_end, argument) == 0;
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

/// A file of a file system that no process serves.
bool is_of_the_kernel(int number) noexcept {
  constexpr std::uint64_t pid_fs_magic = 0x50494446;  // of pidfds, since Linux 6.9
  struct statfs system {};
  if (::fstatfs(number, &system) != 0) return false;
  switch (static_cast<std::uint64_t>(system.f_type)) {
    case TMPFS_MAGIC:
    case HUGETLBFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
    case PROC_SUPER_MAGIC:
    case ANON_INODE_FS_MAGIC:
    case pid_fs_magic:
      return true;
    default:
      return false;
  }
}

enum class Way : std::uint8_t { plain, by_exit, in_thread };

Way way_to_close(int number) noexcept {
  constexpr unsigned memory_devices = 1;  // major number: /dev/null and its like
  struct stat status {};
  if (closes_may_wait() || ::fstat(number, &status) != 0) return Way::plain;
  switch (status.st_mode & S_IFMT) {
    case S_IFSOCK:
    case S_IFIFO:  // splice(2) from a silent socket holds the lock that the last close wants
      return Way::by_exit;
    case S_IFCHR:
      return major(status.st_rdev) == memory_devices ? Way::plain : Way::in_thread;
    default:
      return is_of_the_kernel(number) ? Way::plain : Way::in_thread;
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

// What a new process does to itself before anything else runs in it. Async-signal-safe: no
// allocation, no locks.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "platform/process.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

// Those that are named, and those of shared objects.
struct Kept {
  const int* numbers;
  int count;
  bool contains(int number) const noexcept {
    return inherited_descriptors.contains(number) ||
           std::find(numbers, numbers + count, number) != numbers + count;
  }
  /// The smallest one from `number` on; -1 where there is none.
  int next(int number) const noexcept {
    int found = inherited_descriptors.next(number);
    for (int i = 0; i < count; ++i) {
      if (numbers[i] >= number && (found < 0 || numbers[i] < found)) found = numbers[i];
    }
    return found;
  }
};

/// False where the system has no close_range (before Linux 5.9, or a seccomp filter).
bool close_gaps(const Kept& kept) noexcept {
  unsigned first = 3;
  for (int next = kept.next(3); next >= 0; next = kept.next(next + 1)) {
    const auto number = static_cast<unsigned>(next);
    if (number > first && system_calls().close_range(first, number - 1, 0) != 0) return false;
    first = number + 1;
  }
  return system_calls().close_range(first, UINT_MAX, 0) == 0;
}

int parse_number(const char* text) noexcept {
  if (*text < '0' || *text > '9') return -1;
  int number = 0;
  for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + (*text - '0');
  return number;
}

// getdents64(2): no dirent64 in the library's headers has this guaranteed layout.
struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

void close_listed(const char* entries, long size, int listing, const Kept& kept) noexcept {
  for (long position = 0; position < size;) {
    unsigned short length = 0;
    std::memcpy(&length, entries + position + offsetof(DirectoryEntry, length), sizeof length);
    const int number = parse_number(entries + position + offsetof(DirectoryEntry, name));
    if (number > 2 && number != listing && !kept.contains(number)) ::close(number);
    position += length;
  }
}

bool close_from_proc(const Kept& kept) noexcept {
  const int listing = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing < 0) return false;
  alignas(DirectoryEntry) char entries[4096];
  for (;;) {
    const long size = ::syscall(SYS_getdents64, listing, entries, sizeof entries);
    if (size <= 0) break;
    close_listed(entries, size, listing,
                 kept);  // procfs goes by number: closing while listing skips nothing
  }
  ::close(listing);
  return true;
}

void close_by_limit(const Kept& kept) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 65536) limit.rlim_cur = 65536;
  for (int number = 3; number < static_cast<int>(limit.rlim_cur); ++number) {
    if (!kept.contains(number)) ::close(number);
  }
}

int open_placeholder() noexcept {
  const int opened = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  return opened >= 0 ? opened : ::eventfd(0, EFD_CLOEXEC);  // under chroot(2), say
}

void open_null_as(int number, int flags) noexcept {
  const int opened = ::open("/dev/null", flags);
  if (opened < 0 || opened == number) return;
  ::dup2(opened, number);
  ::close(opened);
}

/// Each number that `next(from)` gives, from the smallest on, until it is negative. Not closed but
/// replaced: an object in the copied memory may still close the number, which must not be another's
/// by then.
template <class Next>
void replace_each(Next next) noexcept {
  const int first = next(3);
  if (first < 0) return;
  int nothing = open_placeholder();
  if (nothing < 0) {  // no number is free
    ::close(first);
    nothing = open_placeholder();
  }
  if (nothing < 0) return;
  for (int number = first; number >= 0; number = next(number + 1)) {
    if (number != nothing) ::dup3(nothing, number, O_CLOEXEC);
  }
  if (nothing != first) ::close(nothing);
}

}  // namespace

void close_all_but(const int* keep, int count) noexcept {
  const Kept kept{keep, count};
  if (close_gaps(kept) || close_from_proc(kept)) return;
  close_by_limit(kept);
}

void replace_own_descriptors(const int* keep, int count) noexcept {
  const Kept kept{keep, count};
  replace_each([&kept](int number) {
    number = own_descriptors.next(number);
    while (number >= 0 && kept.contains(number)) number = own_descriptors.next(number + 1);
    return number;
  });
}

void replace_descriptors(const int* numbers, std::size_t count) noexcept {
  replace_each([=](int from) {
    int least = -1;
    for (std::size_t i = 0; i < count; ++i) {
      if (numbers[i] >= from && (least < 0 || numbers[i] < least)) least = numbers[i];
    }
    return least;
  });
}

void prepare_stdio() noexcept {
  open_null_as(STDIN_FILENO, O_RDONLY);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) < 0) open_null_as(number, O_WRONLY);
  }
}

void close_stdio() noexcept {
  open_null_as(STDIN_FILENO, O_RDONLY);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO}) open_null_as(number, O_WRONLY);
}

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void set_thread_name(const char* name) noexcept { ::prctl(PR_SET_NAME, name); }

}  // namespace brood::platform

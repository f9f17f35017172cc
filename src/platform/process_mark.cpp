#include "platform/process_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/closed_files.hpp"
#include "platform/process.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

struct Stat {
  char state = 0;  // 0: could not be read
  std::uint64_t start = 0;
};

// Without the heap and without exceptions: this runs where a lock is held.
Stat read_stat(std::int32_t pid) noexcept {
  if (base::files_are_closed) return {};
  char path[40], text[1024];
  std::snprintf(path, sizeof path, "/proc/%d/stat", static_cast<int>(pid));
  const int file = system_calls().open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t count = system_calls().read(file, text, sizeof text - 1);
  ::close(file);
  if (count <= 0) return {};
  text[count] = '\0';
  const char* position = std::strrchr(text, ')');  // the second field may hold anything else
  if (position == nullptr || position[1] != ' ') return {};
  Stat stat{position[2], 0};
  constexpr int state_field = 3, start_field = 22;
  position += 2;
  for (int field = state_field; field < start_field && position != nullptr; ++field) {
    position = std::strchr(position, ' ');
    if (position != nullptr) ++position;
  }
  if (position == nullptr) return {};
  stat.start = std::strtoull(position, nullptr, 10);
  return stat;
}

}  // namespace

bool is_stopped(pid_t pid) noexcept { return read_stat(pid).state == 'T'; }

// A zombie that does not end waits for its other threads.
bool outlives_main_thread(pid_t pid, const Descriptor& pidfd) noexcept {
  return read_stat(pid).state == 'Z' && !wait_for_exit(pidfd, 0);
}

ProcessMark this_process() noexcept {
  thread_local ProcessMark mark;
  thread_local unsigned generation = 0;
  const unsigned now = fork_generation();
  if (mark.pid == 0 || generation != now) {
    const int saved = errno;
    generation = now;
    mark.pid = ::getpid();
    mark.start = read_stat(mark.pid).start;
    errno = saved;
  }
  return mark;
}

bool is_alive(const ProcessMark& mark) noexcept {
  if (mark.pid <= 0) return false;  // to kill(2) these would be many
  const int saved = errno;
  const bool exists = ::kill(mark.pid, 0) == 0 || errno != ESRCH;
  const Stat stat = exists ? read_stat(mark.pid) : Stat{};
  errno = saved;
  if (!exists) return false;
  if (stat.state == 0) return true;  // no /proc, or it hides the processes of others
  if (stat.state == 'Z' || stat.state == 'X') return false;
  return mark.start == 0 || stat.start == mark.start;
}

}  // namespace brood::platform

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_ledger.hpp"
#include "support/processes.hpp"
#include "support/worker_channel.hpp"

// What a task can do as a process of this user: signals, copies of itself, its descriptors.
namespace brood::hostile {

namespace {

int owner() {
  const char* const pid = std::getenv("BROOD_HOSTILE_OWNER");
  return pid == nullptr ? 0 : std::atoi(pid);
}

/// The server that this worker is a child of; 0 where that is the owner.
int server() {
  const int parent = ::getppid();
  return parent == owner() || parent <= 1 || owner() == 0 ? 0 : parent;
}

bool is_worker(int pid) {
  const std::string name = testing::status_field(pid, "Name");
  return name.find("PoolW") != std::string::npos;
}

std::vector<int> siblings() {
  std::vector<int> found;
  for (const int parent : {::getppid(), owner()}) {
    for (const int child : testing::children_of(std::to_string(parent))) {
      if (child != ::getpid() && is_worker(child)) found.push_back(child);
    }
  }
  return found;
}

/// A copy that lets a stopped process go on, a while later, and ends.
void continue_later(Dice& dice, int pid) {
  const int wait = static_cast<int>(10 + dice.magnitude(200));
  if (::fork() != 0) return;
  ::poll(nullptr, 0, wait);
  ::kill(pid, SIGCONT);
  ::_exit(0);
}

}  // namespace

void log_flood(Foe& foe) {
  const std::string text = "\x1b[2J\r\n" + foe.dice.bytes(foe.dice.magnitude(2000));
  for (std::uint64_t i = 0; i < 100 + foe.dice.magnitude(3000); ++i) spdlog::critical(text);
}

void siblings_signalled(Foe& foe) {
  constexpr std::array signals{SIGKILL, SIGTERM, SIGSEGV, SIGINT, SIGABRT, SIGHUP};
  for (const int pid : siblings()) {
    if (foe.dice.percent(30)) continue;
    Ledger::mark_hostile(pid);
    ::kill(pid, signals[foe.dice.up_to(signals.size() - 1)]);
  }
}

void siblings_stopped(Foe& foe) {
  for (const int pid : siblings()) {
    Ledger::mark_hostile(pid);
    continue_later(foe.dice, pid);
    ::kill(pid, SIGSTOP);
  }
}

void server_signalled(Foe& foe) {
  constexpr std::array signals{SIGTERM, SIGINT, SIGHUP};  // it ignores these
  if (server() != 0) ::kill(server(), signals[foe.dice.up_to(signals.size() - 1)]);
}

void server_stopped(Foe& foe) {
  if (server() == 0) return;
  continue_later(foe.dice, server());
  ::kill(server(), SIGSTOP);
}

void descriptors_closed(Foe& foe) {
  if (foe.dice.percent(20)) {
    ::close_range(3, ~0U, 0);
    return;
  }
  for (int number = testing::wake_up_socket; number <= testing::server_socket; ++number) {
    if (foe.dice.percent(30)) ::close(number);
  }
}

void descriptors_replaced(Foe& foe) {
  constexpr std::array files{"/dev/null", "/dev/zero", "/dev/full", "/proc/self/maps"};
  const int file = ::open(files[foe.dice.up_to(files.size() - 1)], O_RDWR | O_CLOEXEC);
  for (const int number : {testing::wake_up_socket, testing::channel_socket}) {
    if (file >= 0 && foe.dice.percent(50)) ::dup2(file, number);
  }
  ::close(file);
}

void copies_write(Foe& foe) {
  foe.run();  // found once
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) {
    const std::uint64_t seed = foe.dice.any();
    if (::fork() != 0) continue;
    foe.dice = Dice(seed);
    for (int turn = 0; turn < 20; ++turn) {
      if (foe.dice.percent(20)) page_words_near(foe);
      if (foe.dice.percent(20)) stream_frames(foe);
      ::poll(nullptr, 0, static_cast<int>(foe.dice.up_to(2)));
    }
    ::_exit(0);
  }
}

void copies_return(Foe&) { static_cast<void>(::fork()); }

void memory_cut(Foe& foe) {
  std::vector<std::string> files;
  for (const std::string& number : testing::names_in("/proc/self/fd"))
    files.push_back("/proc/self/fd/" + number);
  for (const testing::MappedRange& range : testing::mapped_ranges()) {
    char place[64];
    std::snprintf(place, sizeof place, "/proc/self/map_files/%zx-%zx", range.begin, range.end);
    if (range.shared) files.emplace_back(place);
  }
  for (const std::string& file : files) {
    char target[64] = {};
    const bool known = ::readlink(file.c_str(), target, sizeof target - 1) > 0;
    if (!known || std::strncmp(target, "/memfd:brood", 12) != 0) continue;
    const int memory = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    if (memory < 0) continue;
    const auto size = static_cast<off_t>(foe.dice.percent(50) ? 0 : foe.dice.magnitude(1U << 20));
    static_cast<void>(::ftruncate(memory, size) == 0);
    ::close(memory);
  }
}

void other_program(Foe&) { ::execl("/bin/true", "true", nullptr); }

}  // namespace brood::hostile

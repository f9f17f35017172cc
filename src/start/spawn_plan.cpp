#include "start/spawn_plan.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>

#include <brood/errors.hpp>
#include "platform/process.hpp"

namespace brood::start {
namespace {

// posix_spawn_* return the error instead of setting errno.
void check(int error, const char* call) {
  if (error != 0) throw SystemError(call, "preparing a process", error);
}

/// A standard stream that would be closed after exec, because it is now or because of its flag.
bool missing_after_exec(int number) {
  const int flags = ::fcntl(number, F_GETFD);
  return flags < 0 || (flags & FD_CLOEXEC) != 0;
}

}  // namespace

SpawnPlan::SpawnPlan(const WorkerCommand& command) {
  check(posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init");
  if (const int error = posix_spawnattr_init(&attributes_); error != 0) {
    posix_spawn_file_actions_destroy(&actions_);
    check(error, "posix_spawnattr_init");
  }
  try {
    place_descriptors(command);
    set_attributes();
  } catch (...) {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
    throw;
  }
}

SpawnPlan::~SpawnPlan() {
  posix_spawnattr_destroy(&attributes_);
  posix_spawn_file_actions_destroy(&actions_);
}

void SpawnPlan::place_descriptors(const WorkerCommand& command) {
  std::vector<int> targets{2};
  for (const auto& [source, target] : command.descriptors) targets.push_back(target);
  const int highest = *std::max_element(targets.begin(), targets.end());
  for (const auto& [source, target] : command.descriptors) {
    int from = source;
    if (from <= highest) {
      copies_.push_back(platform::duplicate(source, highest + 1));
      from = copies_.back().get();
    }
    check(posix_spawn_file_actions_adddup2(&actions_, from, target),
          "posix_spawn_file_actions_adddup2");
  }
  targets.erase(targets.begin());
  close_others(targets);
  open_stdio(targets);
}

void SpawnPlan::close_others(std::vector<int> targets) {
  // Not every descriptor of the user's is close-on-exec.
  std::sort(targets.begin(), targets.end());
  int next = 3;
  for (const int target : targets) {
    for (; next < target; ++next) {
      check(posix_spawn_file_actions_addclose(&actions_, next),
            "posix_spawn_file_actions_addclose");
    }
    next = std::max(next, target + 1);
  }
  check(posix_spawn_file_actions_addclosefrom_np(&actions_, next),
        "posix_spawn_file_actions_addclosefrom_np");
}

void SpawnPlan::open_stdio(const std::vector<int>& targets) {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (std::find(targets.begin(), targets.end(), number) != targets.end()) continue;
    if (number != STDIN_FILENO && !missing_after_exec(number)) continue;
    const int flags = number == STDIN_FILENO ? O_RDONLY : O_WRONLY;
    check(posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", flags, 0),
          "posix_spawn_file_actions_addopen");
  }
}

void SpawnPlan::set_attributes() {
  sigset_t all, none;
  sigfillset(&all);
  if (platform::hangup_is_ignored()) sigdelset(&all, SIGHUP);  // nohup(1) is meant for all
  sigemptyset(&none);
  check(posix_spawnattr_setsigdefault(&attributes_, &all), "posix_spawnattr_setsigdefault");
  check(posix_spawnattr_setsigmask(&attributes_, &none), "posix_spawnattr_setsigmask");
  check(posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK),
        "posix_spawnattr_setflags");
}

}  // namespace brood::start

#include <brood/process_info.hpp>

#include <unistd.h>

#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "process/children.hpp"
#include "process/core.hpp"

namespace brood {
namespace {

// One that was closed in this moment has ended.
std::optional<ProcessInfo> info_if_alive(detail::ProcessCore& child) try {
  if (!child.is_alive()) return std::nullopt;
  return ProcessInfo(child.name(), child.pid(), child.daemon() ? Daemon::yes : Daemon::no);
} catch (const UsageError&) {
  return std::nullopt;
}

}  // namespace

bool ParentProcess::is_alive() const { return !platform::wait_for_exit(sentinel_, 0); }

void ParentProcess::join() const {
  while (!platform::wait_for_exit(sentinel_, -1)) {
  }
}

ProcessInfo current_process() {
  const base::Identity& own = platform::identity();
  return {own.name, ::getpid(), own.daemon ? Daemon::yes : Daemon::no};
}

std::optional<ParentProcess> parent_process() {
  const int parent = platform::parent_pidfd();
  if (parent < 0) return std::nullopt;
  const base::Identity& own = platform::identity();
  return ParentProcess(ProcessInfo(own.parent_name, own.parent_pid), parent);
}

std::vector<ProcessInfo> active_children() {
  std::vector<ProcessInfo> running;
  for (const auto& child : process::listed_children()) {
    if (const std::optional<ProcessInfo> info = info_if_alive(*child)) running.push_back(*info);
  }
  return running;
}

}  // namespace brood

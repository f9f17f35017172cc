#include <brood/process_info.hpp>

#include <unistd.h>

#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "process/children.hpp"
#include "process/core.hpp"

namespace brood {

bool ParentProcess::is_alive() const { return !platform::wait_for_exit(sentinel_, 0); }

void ParentProcess::join() const {
  while (!platform::wait_for_exit(sentinel_, -1)) {
  }
}

ProcessInfo current_process() {
  const base::Identity& own = platform::identity();
  ProcessInfo info(own.name, ::getpid());
  info.daemon_ = own.daemon;
  return info;
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
    try {
      if (!child->is_alive()) continue;
      ProcessInfo info(child->name(), child->pid());
      info.daemon_ = child->daemon();
      running.push_back(std::move(info));
    } catch (const UsageError&) {
      // One that was closed in this moment has ended.
    }
  }
  return running;
}

}  // namespace brood

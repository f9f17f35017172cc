#include "process/children.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "base/exit_hooks.hpp"
#include "base/mutex.hpp"
#include "platform/process.hpp"
#include "process/core.hpp"

namespace brood::process {
namespace {

struct Children {
  const unsigned generation = platform::fork_generation();
  base::Mutex mutex;
  std::vector<std::shared_ptr<detail::ProcessCore>> list BROOD_GUARDED_BY(mutex);
  bool ended_at_exit BROOD_GUARDED_BY(mutex) = false;
};

/// This process's; a forked child starts with a new one, since the old mutex may be locked for
/// ever. Never destroyed: handles in static objects end late.
Children& children() {
  static constinit std::atomic<Children*> current{nullptr};
  Children* seen = current.load();
  while (seen == nullptr || seen->generation != platform::fork_generation()) {
    auto fresh = std::make_unique<Children>();
    if (current.compare_exchange_strong(seen, fresh.get())) return *fresh.release();
  }
  return *seen;
}

/// What Python does when a process ends: daemons are told to go, the others are waited for.
void end_children() {
  Children& all = children();
  {
    const base::MutexLock lock(all.mutex);
    all.ended_at_exit = false;  // another handler may start one still
  }
  const auto left = listed_children();
  for (const auto& child : left) child->end_daemon();
  for (const auto& child : left) child->end();
}

void end_at_exit(Children& all) BROOD_REQUIRES(all.mutex) {
  if (all.ended_at_exit) return;
  if (base::exit_hooks_are_open()) {
    base::add_exit_hook(end_children);
  } else {
    std::atexit(end_children);
  }
  all.ended_at_exit = true;
}

}  // namespace

ListedChild::ListedChild(std::shared_ptr<detail::ProcessCore> child) : child_(child.get()) {
  Children& all = children();
  const base::MutexLock lock(all.mutex);
  all.list.push_back(std::move(child));
  end_at_exit(all);
}

ListedChild::~ListedChild() {
  if (child_ != nullptr) unlist(child_);
}

void unlist(const detail::ProcessCore* child) noexcept {
  Children& all = children();
  std::shared_ptr<detail::ProcessCore> dropped;  // goes without the lock
  const base::MutexLock lock(all.mutex);
  const auto entry = std::find_if(all.list.begin(), all.list.end(),
                                  [child](const auto& one) { return one.get() == child; });
  if (entry == all.list.end()) return;
  dropped = std::move(*entry);
  all.list.erase(entry);
}

std::vector<std::shared_ptr<detail::ProcessCore>> listed_children() {
  Children& all = children();
  const base::MutexLock lock(all.mutex);
  return all.list;
}

}  // namespace brood::process

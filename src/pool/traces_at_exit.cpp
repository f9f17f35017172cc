#include "pool/traces_at_exit.hpp"

#include <cstdlib>
#include <vector>

#include "base/exit_hooks.hpp"
#include "base/mutex.hpp"
#include "pool/core.hpp"

namespace brood::pool {

namespace {

struct Traced {
  base::Mutex mutex;
  std::vector<std::weak_ptr<Core>> pools BROOD_GUARDED_BY(mutex);
  bool is_called BROOD_GUARDED_BY(mutex) = false;
};

// Never destroyed: pools may outlive static objects.
Traced& traced() {
  static Traced& all = *new Traced;
  return all;
}

// A forked child has these pools, too, and they are not its own.
void write_all() {
  std::vector<std::weak_ptr<Core>> pools;
  {
    Traced& all = traced();
    const base::MutexLock lock(all.mutex);
    pools = all.pools;
  }
  for (const std::weak_ptr<Core>& pool : pools) {
    const std::shared_ptr<Core> core = pool.lock();
    if (core && core->in_owner()) core->write_trace();
  }
}

}  // namespace

void write_trace_at_exit(const std::shared_ptr<Core>& core) {
  Traced& all = traced();
  const base::MutexLock lock(all.mutex);
  std::erase_if(all.pools, [](const auto& pool) { return pool.expired(); });
  all.pools.push_back(core);
  if (all.is_called) return;
  if (base::exit_hooks_are_open()) {
    base::add_exit_hook(write_all);
  } else {
    std::atexit(write_all);
  }
  all.is_called = true;
}

}  // namespace brood::pool

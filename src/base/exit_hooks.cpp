#include "base/exit_hooks.hpp"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include <brood/init.hpp>
#include "base/mutex.hpp"

namespace brood {

namespace base {
namespace {

struct Hooks {
  HooksRun how;
  void (*on_throw)();
  base::Mutex mutex;
  std::vector<std::function<void()>> list BROOD_GUARDED_BY(mutex);

  Hooks(HooksRun run, void (*handler)()) : how(run), on_throw(handler) {}
};
// Null: no hooks are taken. Never destroyed: hooks run among the destructors of static objects.
constinit std::atomic<Hooks*> current{nullptr};
thread_local ThreadHooks::List* hooks_of_thread = nullptr;

bool run_last() {
  Hooks& all = *current.load();
  std::function<void()> hook;
  {
    const base::MutexLock lock(all.mutex);
    if (all.list.empty()) return false;
    hook = std::move(all.list.back());
    all.list.pop_back();
  }
  try {
    hook();
  } catch (...) {
    all.on_throw();
  }
  return true;
}

void run_last_at_exit() { run_last(); }

}  // namespace

// New ones: another thread of the process that was forked may have held the old ones' mutex.
void open_exit_hooks(HooksRun how, void (*on_throw)()) { current = new Hooks(how, on_throw); }

bool exit_hooks_are_open() { return hooks_of_thread != nullptr || current.load() != nullptr; }

void add_exit_hook(std::function<void()> hook) {
  if (hooks_of_thread != nullptr) return hooks_of_thread->push_back(std::move(hook));
  Hooks& all = *current.load();
  const base::MutexLock lock(all.mutex);
  all.list.push_back(std::move(hook));
  if (all.how == HooksRun::at_exit) std::atexit(&run_last_at_exit);
}

ThreadHooks::ThreadHooks(List& list) noexcept : before_(std::exchange(hooks_of_thread, &list)) {}
ThreadHooks::~ThreadHooks() { hooks_of_thread = before_; }

void run_exit_hooks() {
  while (run_last()) {
  }
}

}  // namespace base

void at_worker_exit(std::function<void()> hook) {
  if (!base::exit_hooks_are_open())
    throw UsageError(
        "brood::at_worker_exit: this process is neither a worker nor that of a brood::Process");
  base::add_exit_hook(std::move(hook));
}

}  // namespace brood

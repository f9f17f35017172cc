#include "base/exit_hooks.hpp"

#include <stdio_ext.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <mutex>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include <brood/init.hpp>

// All streams of the process, as glibc lists them. Weak: another C library may not have them.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
using IoIterator = struct _IO_FILE*;
[[gnu::weak]] IoIterator _IO_iter_begin() noexcept;
[[gnu::weak]] IoIterator _IO_iter_end() noexcept;
[[gnu::weak]] IoIterator _IO_iter_next(IoIterator) noexcept;
[[gnu::weak]] std::FILE* _IO_iter_file(IoIterator) noexcept;
[[gnu::weak]] void _IO_list_lock() noexcept;
[[gnu::weak]] void _IO_list_unlock() noexcept;
}
// NOLINTEND(bugprone-reserved-identifier)

namespace brood {

namespace base {
namespace {

struct Hooks {
  HooksRun how;
  void (*on_throw)();
  std::mutex mutex;
  std::vector<std::function<void()>> list;

  Hooks(HooksRun run, void (*handler)()) : how(run), on_throw(handler) {}
};
// Null: no hooks are taken. Never destroyed: hooks run among the destructors of static objects.
constinit std::atomic<Hooks*> current{nullptr};

bool run_last() {
  Hooks& all = *current.load();
  std::function<void()> hook;
  {
    const std::lock_guard lock(all.mutex);
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

bool exit_hooks_are_open() { return current.load() != nullptr; }

void add_exit_hook(std::function<void()> hook) {
  Hooks& all = *current.load();
  const std::lock_guard lock(all.mutex);
  all.list.push_back(std::move(hook));
  if (all.how == HooksRun::at_exit) std::atexit(&run_last_at_exit);
}

void run_exit_hooks() {
  while (run_last()) {
  }
}

// fflush(3) of everything waits for the lock of every stream, of those that are only read, too.
// What exit(3) does in their place waits for none, but moves the position of files that this
// process shares with the one that it was forked from.
void flush_at_exit() {
  std::cout.flush();
  std::clog.flush();
  if (_IO_iter_begin == nullptr) {
    std::fflush(nullptr);
    return;
  }
  _IO_list_lock();
  for (auto at = _IO_iter_begin(); at != _IO_iter_end(); at = _IO_iter_next(at)) {
    std::FILE* const stream = _IO_iter_file(at);
    if (__fwriting(stream) != 0 && __fpending(stream) != 0) std::fflush(stream);
  }
  _IO_list_unlock();
}

}  // namespace base

void at_worker_exit(std::function<void()> hook) {
  if (!base::exit_hooks_are_open())
    throw UsageError(
        "brood::at_worker_exit: this process is neither a worker nor that of a brood::Process");
  base::add_exit_hook(std::move(hook));
}

}  // namespace brood

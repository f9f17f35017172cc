#pragma once

#include <functional>
#include <vector>

// What brood::at_worker_exit has been given.
namespace brood::base {

/// When hooks are called.
enum class HooksRun : bool {
  /// By run_exit_hooks(): the process ends by _exit.
  when_asked,
  /// In the order of std::atexit, among whose handlers they are.
  at_exit,
};

/// From here on at_worker_exit takes hooks; drops those of the process that this one was forked
/// from. `on_throw` is called in the handler of what a hook throws.
void open_exit_hooks(HooksRun how, void (*on_throw)());
bool exit_hooks_are_open();
void add_exit_hook(std::function<void()> hook);
/// While it lives, at_worker_exit gives hooks to this list where the calling thread calls it.
class ThreadHooks {
 public:
  using List = std::vector<std::function<void()>>;
  explicit ThreadHooks(List& list) noexcept;
  ~ThreadHooks();
  ThreadHooks(const ThreadHooks&) = delete;
  ThreadHooks& operator=(const ThreadHooks&) = delete;

 private:
  List* const before_;
};
/// Calls the hooks, last one first.
void run_exit_hooks();

}  // namespace brood::base

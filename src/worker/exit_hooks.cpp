#include "worker/exit_hooks.hpp"

#include <functional>
#include <mutex>
#include <vector>

#include <brood/errors.hpp>
#include <brood/init.hpp>
#include "base/log.hpp"
#include "wire/exception.hpp"

namespace brood {

namespace worker {
namespace {

struct Hooks {
  std::mutex mutex;
  bool open = false;
  std::vector<std::function<void()>> list;
};
Hooks& hooks() {
  static Hooks instance;
  return instance;
}

}  // namespace

void open_exit_hooks() {
  hooks().list.clear();
  hooks().open = true;
}

void run_exit_hooks() {
  for (;;) {
    std::function<void()> hook;
    {
      const std::lock_guard lock(hooks().mutex);
      if (hooks().list.empty()) return;
      hook = std::move(hooks().list.back());
      hooks().list.pop_back();
    }
    try {
      hook();
    } catch (...) {
      base::log_warning("an exit hook threw " + wire::describe_exception(std::current_exception()));
    }
  }
}

}  // namespace worker

void at_worker_exit(std::function<void()> hook) {
  const std::lock_guard lock(worker::hooks().mutex);
  if (!worker::hooks().open)
    throw UsageError("brood::at_worker_exit: this process is not a worker");
  worker::hooks().list.push_back(std::move(hook));
}

}  // namespace brood

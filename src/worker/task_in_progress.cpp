#include "worker/task_in_progress.hpp"

#include <string>
#include <utility>

#include <brood/errors.hpp>
#include <brood/this_task.hpp>

namespace brood {

namespace {

thread_local const detail::Run* current_run = nullptr;

const detail::Run& run_for(const char* function) {
  if (current_run == nullptr)
    throw UsageError(std::string("brood::this_task::") + function +
                     ": this thread runs no task of a pool");
  return *current_run;
}

}  // namespace

namespace worker {
TaskInProgress::TaskInProgress(const detail::Run& run) noexcept
    : before_(std::exchange(current_run, &run)) {}
TaskInProgress::~TaskInProgress() { current_run = before_; }
}  // namespace worker

namespace this_task {
int attempt() noexcept { return current_run == nullptr ? 0 : current_run->attempt(); }
std::size_t index() { return run_for("index").index(); }
RandomStream random(std::uint64_t seed) { return RandomStream(seed, run_for("random").index()); }
}  // namespace this_task

}  // namespace brood

#include "worker/task_in_progress.hpp"

#include <brood/this_task.hpp>

namespace brood {

namespace {
thread_local const detail::Run* current_run = nullptr;
}

namespace worker {
TaskInProgress::TaskInProgress(const detail::Run& run) noexcept { current_run = &run; }
TaskInProgress::~TaskInProgress() { current_run = nullptr; }
}  // namespace worker

namespace this_task {
int attempt() noexcept { return current_run == nullptr ? 0 : current_run->attempt(); }
}  // namespace this_task

}  // namespace brood

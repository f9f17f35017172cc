#include <brood/detail/pool/run.hpp>

#include <ctime>

#include <brood/this_task.hpp>
#include "worker/run_access.hpp"
#include "worker/task_in_progress.hpp"

namespace brood {

namespace detail {

RunHost::~RunHost() = default;

void Run::stamp() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  clock_->store(static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                    static_cast<std::uint64_t>(now.tv_nsec),
                std::memory_order_release);
}

// One that throws has not said yes.
bool RunAccess::retryable(const Run& run) noexcept {
  try {
    return run.retry_if_ == nullptr || run.retry_if_(std::current_exception());
  } catch (...) {
    return false;
  }
}

}  // namespace detail

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

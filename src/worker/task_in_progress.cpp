#include "worker/task_in_progress.hpp"

#include <string>
#include <utility>

#include <brood/errors.hpp>
#include <brood/this_task.hpp>
#include "worker/run_access.hpp"

namespace brood {

namespace {

thread_local const worker::TaskInProgress* current = nullptr;

const worker::TaskInProgress& current_for(const char* function) {
  if (current == nullptr)
    throw UsageError(std::string("brood::this_task::") + function +
                     ": this thread runs no task of a pool");
  return *current;
}

}  // namespace

namespace worker {

TaskInProgress::TaskInProgress(const detail::Run& run, ResultStream* results,
                               StopRequests* stops) noexcept
    : run_(run), results_(results), stops_(stops), before_(std::exchange(current, this)) {}

TaskInProgress::~TaskInProgress() {
  current = before_;
  if (stops_ != nullptr) stops_->forget();
}

std::stop_token TaskInProgress::stop_token() const {
  if (stops_ == nullptr) return std::stop_source().get_token();
  results_->report_alone();
  return stops_->token(detail::RunAccess::position(run_));
}

}  // namespace worker

namespace this_task {
int attempt() noexcept { return current == nullptr ? 0 : current->run().attempt(); }
std::size_t index() { return current_for("index").run().index(); }
RandomStream random(std::uint64_t seed) {
  return RandomStream(seed, current_for("random").run().index());
}
std::stop_token stop_token() { return current_for("stop_token").stop_token(); }
}  // namespace this_task

}  // namespace brood

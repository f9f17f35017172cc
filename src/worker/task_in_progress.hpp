#pragma once

#include <stop_token>

#include <brood/detail/pool/run.hpp>
#include "worker/result_stream.hpp"
#include "worker/stop_requests.hpp"

namespace brood::worker {

/// While it lives, brood::this_task tells of this run in the calling thread, which is the one that
/// serves.
class TaskInProgress {
 public:
  /// Without `results` and `stops`: nothing asks its elements to stop.
  explicit TaskInProgress(const detail::Run& run, ResultStream* results = nullptr,
                          StopRequests* stops = nullptr) noexcept;
  ~TaskInProgress();
  TaskInProgress(const TaskInProgress&) = delete;
  TaskInProgress& operator=(const TaskInProgress&) = delete;

  const detail::Run& run() const noexcept { return run_; }
  /// Of the element that runs. Its result is reported by itself: the owner may have another outcome
  /// for it.
  std::stop_token stop_token() const;

 private:
  const detail::Run& run_;
  ResultStream* const results_;
  StopRequests* const stops_;
  const TaskInProgress* const before_;  // an element may wait for those of a pool inline
};

}  // namespace brood::worker

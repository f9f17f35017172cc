#pragma once

#include <brood/detail/pool/run.hpp>
#include "worker/result_stream.hpp"
#include "worker/stop_requests.hpp"

namespace brood::worker {

/// While it lives, brood::this_task tells of this run in the calling thread, which is the one that
/// serves.
class TaskInProgress {
 public:
  TaskInProgress(const detail::Run& run, ResultStream& results, StopRequests& stops) noexcept;
  ~TaskInProgress();
  TaskInProgress(const TaskInProgress&) = delete;
  TaskInProgress& operator=(const TaskInProgress&) = delete;

  const detail::Run& run() const noexcept { return run_; }
  /// Of the element that runs. Its result is reported by itself: the owner may have another outcome
  /// for it.
  std::stop_token stop_token() const;

 private:
  const detail::Run& run_;
  ResultStream& results_;
  StopRequests& stops_;
};

}  // namespace brood::worker

#pragma once

#include <brood/detail/pool/run.hpp>

namespace brood::worker {

/// While it lives, brood::this_task tells of this run in the calling thread.
class TaskInProgress {
 public:
  explicit TaskInProgress(const detail::Run& run) noexcept;
  ~TaskInProgress();
  TaskInProgress(const TaskInProgress&) = delete;
  TaskInProgress& operator=(const TaskInProgress&) = delete;

 private:
  const detail::Run* const before_;  // an element may wait for those of a pool inline
};

}  // namespace brood::worker

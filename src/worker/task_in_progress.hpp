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
};

}  // namespace brood::worker

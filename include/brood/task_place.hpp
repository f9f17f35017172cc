#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

// Which task an error is of: a part of brood/errors.hpp.
namespace brood {

/// The worker in which a task ran.
struct WorkerIdentity {
  /// "SpawnPoolWorker-1".
  std::string name;
  /// Its process id.
  int pid = 0;
};

/// How often an element was tried, and how the earlier attempts ended.
struct Attempts {
  /// Number of attempts, the last one included.
  int count = 1;
  /// How each attempt before the last ended, in words.
  std::vector<std::string> earlier{};
  /// What the last attempt wrote, with Output::capture.
  std::string output{};
  /// The file that keeps the element for another run: see PoolOptions::save_failed. Empty: none.
  std::string saved{};
};

/// What TaskError, WorkerLost and TaskTimeout tell of the task: which element it was, and which
/// worker ran it.
class TaskPlace {
 public:
  /// Name of the worker.
  const std::string& worker_name() const noexcept { return worker_.name; }
  /// Its process id.
  int worker_pid() const noexcept { return worker_.pid; }
  /// Same as worker_name().
  const std::string& name() const noexcept { return worker_.name; }
  /// Same as worker_pid().
  int pid() const noexcept { return worker_.pid; }
  /// The index() of a call of an object in a manager's server, which is no pool's task.
  static constexpr std::size_t no_element = static_cast<std::size_t>(-1);
  /// Position of the element in its map; 0 for a single call.
  std::size_t index() const noexcept { return index_; }
  /// Number of the last attempt, counted from 1: see CallOptions::retries.
  int attempt() const noexcept { return attempts_.count; }
  /// How each earlier attempt ended, a sentence each.
  const std::vector<std::string>& earlier_attempts() const noexcept { return attempts_.earlier; }
  /// What the last attempt wrote to stdout and stderr, with Output::capture. Empty: nothing.
  const std::string& output() const noexcept { return attempts_.output; }
  /// The file that keeps the element: see PoolOptions::save_failed. Empty: none.
  const std::string& saved() const noexcept { return attempts_.saved; }

 protected:
  TaskPlace(WorkerIdentity worker, std::size_t index, Attempts attempts)
      : worker_(std::move(worker)), index_(index), attempts_(std::move(attempts)) {}
  ~TaskPlace() = default;
  TaskPlace(const TaskPlace&) = default;
  TaskPlace& operator=(const TaskPlace&) = default;

 private:
  WorkerIdentity worker_;
  std::size_t index_;
  Attempts attempts_;
};

}  // namespace brood

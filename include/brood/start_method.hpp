#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/detail/export.hpp>
#include <brood/task.hpp>

namespace brood {

/// Every start method that a pool can be given by name; the first is the default.
BROOD_API std::vector<std::string> start_methods();  // {"forkserver", "fork", "spawn"}

/// Sets the method of pools and processes that name none.
/// Throws UsageError, listing the known names, for an unknown one.
/// Threads: any.
BROOD_API void set_start_method(std::string_view name);
/// The method that set_start_method set, "forkserver" before that. Threads: any.
BROOD_API std::string get_start_method();

/// What to execute for a worker, given to a Launcher and to spawn().
struct WorkerCommand {
  std::vector<std::string>
      arguments;  ///< program and arguments; the program is looked up in PATH unless it has a slash
  std::vector<std::string> environment;  ///< "NAME=value", the whole environment
  std::vector<std::pair<int, int>>
      descriptors;  ///< {number here, number in the worker}; every other one is closed
};

/// Executes `command` by posix_spawn, with default signals, an empty mask and stdin from /dev/null.
/// Returns the process id of the child.
/// Throws SystemError.
BROOD_API int spawn(const WorkerCommand& command);

/// A start method of the user's: runs the worker under `nice`, in a container, in a sandbox.
///   struct Nice : brood::Launcher {
///     std::string name() const override { return "nice"; }
///     int launch(brood::WorkerCommand command) override {
///       command.arguments.insert(command.arguments.begin(), {"nice", "-n", "10"});
///       return brood::spawn(command);
///     }
///   };
class BROOD_API Launcher {
 public:
  virtual ~Launcher();
  /// Lower-case word; "nice" makes workers called NicePoolWorker-1.
  virtual std::string name() const = 0;
  /// Starts the worker and returns the id of a direct child of this process that has the same life
  /// as the worker. What it throws becomes the text of a StartError. Threads: called by one thread
  /// at a time for one pool.
  virtual int launch(WorkerCommand command) = 0;
};

/// How a pool makes its workers: a name, or a user's own launcher.
class BROOD_API StartMethod {
 public:
  StartMethod();  ///< whatever set_start_method says when the pool is made
  StartMethod(const char* name);
  StartMethod(std::string_view name);
  StartMethod(const std::string& name);
  StartMethod(std::shared_ptr<Launcher> launcher);
  template <class L, class = std::enable_if_t<std::is_base_of_v<Launcher, L>>>
  StartMethod(std::shared_ptr<L> launcher)
      : StartMethod(std::shared_ptr<Launcher>(std::move(launcher))) {}

  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<Launcher>& launcher() const noexcept { return launcher_; }

 private:
  std::string name_;  // empty: the default
  std::shared_ptr<Launcher> launcher_;
};

/// Sets what the fork server does once, before it forks its first worker: load a model, warm a
/// cache. The next fork server that starts runs the hooks in order; one that runs already is
/// replaced when the next pool is made. Its environment and umask, and so those of its workers, are
/// this process's when it starts; their working directory is this process's when they start. A hook
/// that throws fails the start of the pool with a StartError that carries its text. Threads: any.
BROOD_API void set_forkserver_preload(std::vector<Call> hooks);

}  // namespace brood

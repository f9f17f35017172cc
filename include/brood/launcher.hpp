#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/call.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// The names of the built-in methods that start processes: {"forkserver", "fork", "spawn"}. The
/// first is the default. A Pool knows one more, "inline": see StartMethod. Does not block. Throws
/// std::bad_alloc. Threads: any. Cost: a vector of strings.
BROOD_API std::vector<std::string> start_methods();

/// Sets the start method of pools, processes and managers that name none.
/// Does not block. Throws UsageError, which lists the known names, for an unknown name. Threads:
/// any. Cost: none.
BROOD_API void set_start_method(std::string_view name);
/// The method that set_start_method set last; before the first call "forkserver". Does not
/// block. Throws std::bad_alloc. Threads: any. Cost: a string.
BROOD_API std::string get_start_method();

/// The command that starts a worker, given to a Launcher and to spawn().
struct WorkerCommand {
  /// Program and arguments. A program without a slash is looked up in PATH.
  std::vector<std::string> arguments;
  /// The whole environment, each entry "NAME=value".
  std::vector<std::string> environment;
  /// Descriptors that the worker gets: {number here, number in the worker}. All others are closed.
  std::vector<std::pair<int, int>> descriptors;
};

/// Executes `command` by posix_spawn, with default signals, an empty mask and stdin from /dev/null.
/// Returns the process id of the child; does not wait for its end. Throws SystemError; UsageError
/// for a command without arguments, and in a worker with a sandbox. Threads: any. Cost: a
/// posix_spawn, which does not grow with the memory of this process.
BROOD_API int spawn(const WorkerCommand& command);

/// A start method of your own: runs the worker under `nice`, in a container, in a sandbox. A pool's
/// start waits for launch(), which may block and throw. Threads: see launch(). Cost: what launch()
/// takes, once for each worker.
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
  /// Returns the method's name, a lower-case word: "nice" makes workers called NicePoolWorker-1.
  virtual std::string name() const = 0;
  /// Starts the worker. Returns the process id of a direct child of this process that lives as long
  /// as the worker: the worker itself, or a process that ends with it. The text of an exception
  /// that it throws becomes that of a StartError. Threads: called by one thread at a time for one
  /// pool.
  virtual int launch(WorkerCommand command) = 0;
};

/// How a pool starts its workers: the name of a built-in method, or a launcher. "inline", for a
/// Pool alone, starts none: elements run in this process, one at a time and in order, in the thread
/// that waits for the call; those of an asynchronous verb have run when the verb returns. So a
/// debugger, a profiler or a sanitizer of this process sees them, and a crash is this process's.
/// Limits, nice, cpus and CallOptions::timeout do not apply then, and a sandbox is refused. The
/// environment variable BROOD_START_METHOD, where it names a built-in method or "inline", takes the
/// place of what a Pool is given; Process and Manager do not read it. Threads: as any value.
class BROOD_API StartMethod {
 public:
  /// The method of set_start_method at the moment when the pool is made.
  StartMethod();
  /// The method of this name, or this launcher. Throws UsageError for an unknown name and for a
  /// null launcher.
  StartMethod(const char* name);
  StartMethod(std::string_view name);
  StartMethod(const std::string& name);
  StartMethod(std::shared_ptr<Launcher> launcher);
  template <class L, class = std::enable_if_t<std::is_base_of_v<Launcher, L>>>
  StartMethod(std::shared_ptr<L> launcher)
      : StartMethod(std::shared_ptr<Launcher>(std::move(launcher))) {}

  /// The method's name; empty: the default of that moment.
  const std::string& name() const noexcept { return name_; }
  /// The launcher; null where it is a built-in method.
  const std::shared_ptr<Launcher>& launcher() const noexcept { return launcher_; }

 private:
  std::string name_;  // empty: the default
  std::shared_ptr<Launcher> launcher_;
};

/// Sets the hooks that a fork server runs once, before it forks its first worker: they load a
/// model, warm a cache. The next fork server that starts runs them in order. A fork server that
/// runs already is replaced when the next pool is made. The fork server, and so its workers, have
/// the environment and umask that this process has when the server starts. A worker has the working
/// directory that this process has when the worker starts. When a hook throws, the pool's start
/// fails with a StartError that has its text. Does not block. Throws std::bad_alloc. Threads: any.
/// Cost: the bytes of the hooks.
BROOD_API void set_forkserver_preload(std::vector<Call> hooks);

}  // namespace brood

#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/process/target.hpp>
#include <brood/errors.hpp>
#include <brood/exit_code.hpp>
#include <brood/launcher.hpp>
#include <brood/process_info.hpp>
#include <brood/task.hpp>

namespace brood {

/// The options of a Process.
struct ProcessOptions {
  /// Name of the process. Empty: made as in Python, "SpawnProcess-1" or "SpawnProcess-2:1".
  std::string name{};
  /// How it is started. Unset: get_start_method() at the moment when the Process is made.
  StartMethod start_method{};
  /// Whether the process is ended, not joined, when its owner ends. Unset: it is joined.
  bool daemon = false;
};

namespace detail {
class ProcessCore;
}

/// A handle of a process that runs one callable. Its owner, the process that made the handle, waits
/// for it and ends it by the handle.
///
/// Under fork the callable and its arguments may be of any type: start() forks the child from this
/// process. The child sees the memory as it is then, and keeps the descriptors that the program has
/// open. Under spawn and forkserver callable and arguments are sent as bytes, so the callable must
/// be what a task may be: see brood::task and brood::copied. Arguments are stored as values and
/// passed to the callable as such; text becomes a std::string.
///
/// The exit code is 0 when the callable returns, whatever it returns; 1 when it throws, and the
/// text goes to stderr; n & 0xff after std::exit(n). Handlers of std::atexit and
/// brood::at_worker_exit that the child registered run, last one first, and stdio is flushed. The
/// parent's handlers and the destructors of its static objects do not run. The child's own children
/// that still run are joined, daemons ended. A child ends within a second after the end of its
/// owner, whatever ended that.
///
/// The destructor joins the process as std::jthread does, and blocks as long as that takes. A
/// daemon gets SIGTERM, and a second later SIGKILL. When this process returns from main or calls
/// std::exit, children whose handle is not destroyed yet are treated in the same way.
///
/// Threads: any number may use one handle, and all see the same end. Move and destroy it in one
/// thread, while no other uses it.
/// Fork: in a forked child every call but name() and daemon() throws UsageError; the destructor
/// does nothing.
/// Cost: that of start(); other calls make a few system calls, or none.
class BROOD_API Process {
 public:
  /// A process of `function(args...)` that is not started. Nothing is encoded yet. Does not block.
  template <class F, class... Args>
  requires(!std::same_as<std::remove_cvref_t<F>, Process> &&
           !std::same_as<std::remove_cvref_t<F>, ProcessOptions>) explicit Process(F&& function,
                                                                                   Args&&... args)
      : Process(ProcessOptions(), std::forward<F>(function), std::forward<Args>(args)...) {}
  /// Same, with options.
  template <class F, class... Args>
  explicit Process(ProcessOptions options, F&& function, Args&&... args)
      : Process(std::move(options),
                detail::make_target(std::forward<F>(function), std::forward<Args>(args)...)) {}
  /// `other` then refers to no process: every call of it throws UsageError.
  Process(Process&& other) noexcept;
  /// Same. First ends the process of this handle as the destructor does.
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  /// Starts the process and destroys the callable here. Blocks until the process exists. Where the
  /// callable is sent as bytes and these are many, blocks also until the process has read them.
  /// Throws UsageError when it was started before, and for a callable or argument that cannot be
  /// sent; CodecError and what a serializer throws; StartError, SystemError. After any of these but
  /// UsageError it may be started again.
  /// Cost: under fork a fork, which grows with this process's memory; under forkserver a message
  /// and a fork of a small process; under spawn an exec of the program. For a small program half a
  /// millisecond, and three milliseconds under spawn.
  void start();
  /// Blocks until the process has ended. Throws UsageError when it was not started.
  void join();
  /// Same, but for at most `duration`. Returns whether the process has ended.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> duration) {
    return join_by(detail::deadline_after(duration));
  }
  /// Same, but until `time` at most.
  bool join_until(std::chrono::steady_clock::time_point time) {
    return join_by(detail::deadline_at(time));
  }

  /// Whether the process was started and has not ended. Does not block.
  bool is_alive() const;
  /// The exit code, or minus the number of the signal that ended the process, as in Python. Empty
  /// before the end, and where exit_status() is lost. Does not block.
  ExitCode exit_code() const;
  /// How the process ended. In a program that ignores SIGCHLD, or waits for children that are not
  /// its own, only what the process itself could tell is known: that the callable returned, threw
  /// or called exit(). The end by _exit() or by a signal is `lost` there. Throws UsageError before
  /// the end. Does not block.
  ExitStatus exit_status() const;
  /// The process id; of a launcher's process, what launch() returned. Throws UsageError before
  /// start().
  int pid() const;
  /// Name of the process: see ProcessOptions.
  const std::string& name() const;
  /// Whether the process is a daemon: see ProcessOptions.
  bool daemon() const;
  /// A descriptor that becomes readable for poll(2) when the process has ended. Do not close it: it
  /// is the handle's own, until close(). Throws UsageError before start().
  int sentinel() const;

  /// Sends SIGTERM. Does nothing when the process has ended, and does not wait for its end. Throws
  /// UsageError before start(); SystemError (EPERM) where the signal is refused.
  void terminate();
  /// Same, with SIGKILL.
  void kill();
  /// Same, with SIGINT.
  void interrupt();

  /// Frees what the handle holds: every later call but name(), daemon() and close() throws
  /// UsageError. Throws UsageError while the process runs.
  void close();

 private:
  Process(ProcessOptions options, std::unique_ptr<detail::ProcessTarget> target);
  bool join_by(const detail::Deadline& deadline);
  detail::ProcessCore& core() const;

  std::shared_ptr<detail::ProcessCore> core_;  // null: moved from
};

}  // namespace brood

#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/process_target.hpp>
#include <brood/errors.hpp>
#include <brood/process_info.hpp>
#include <brood/start_method.hpp>

namespace brood {

/// What a process is made of.
struct ProcessOptions {
  std::string name{};          ///< empty: as in Python, SpawnProcess-1 or SpawnProcess-2:1
  StartMethod start_method{};  ///< unset: get_start_method() when the Process is made
  bool daemon = false;         ///< ended, not joined, when its owner ends
};

/// How a process ended, as Python tells it: the exit code, or minus the signal; nothing before its
/// end. After the end it converts to the number itself.
class BROOD_API ExitCode : public std::optional<int> {
 public:
  using std::optional<int>::optional;
  // `if (process.exit_code())` could mean "has ended" or "has failed".
  explicit operator bool() const = delete;  // ask has_value(), or compare with 0
  /// Throws UsageError where there is none.
  operator int() const;
};

namespace detail {
class ProcessCore;
}

/// A process that runs one callable, and the handle by which this process, its owner, waits for it
/// and ends it.
///
/// Under fork the callable and its arguments may be anything: the child is forked from this process
/// when start() is called, sees the memory as it is then, and keeps what descriptors the program
/// has open. Under spawn and forkserver they are what a task is: see brood::task and brood::copied;
/// they travel as bytes. Arguments are stored as values and given to the callable as such, text as
/// std::string.
///
/// When the callable returns, whatever it returns, the exit code is 0; when it throws, the text
/// goes to stderr and the code is 1; std::exit(n) gives n. Handlers of std::atexit and
/// brood::at_worker_exit that were registered in the child run, last one first, and stdio is
/// flushed; the parent's handlers do not run, nor the destructors of its static objects. Children
/// of the child that still run are joined, daemons ended. A child ends within a second when its
/// owner has ended, whatever ended that.
///
/// The destructor joins the process as std::jthread does, and blocks as long as that takes; a
/// daemon gets SIGTERM, a second later SIGKILL. Children whose handle is not destroyed are treated
/// the same way when this process returns from main or calls std::exit.
///
/// Threads: any number may use one handle; all see the same end. Moving and destroying is for one.
/// Fork: in a forked child every call but name() and daemon() throws UsageError; the destructor
/// does nothing.
class BROOD_API Process {
 public:
  /// Not started. Nothing is encoded yet.
  template <class F, class... Args>
  requires(!std::same_as<std::remove_cvref_t<F>, Process> &&
           !std::same_as<std::remove_cvref_t<F>, ProcessOptions>) explicit Process(F&& function,
                                                                                   Args&&... args)
      : Process(ProcessOptions(), std::forward<F>(function), std::forward<Args>(args)...) {}
  template <class F, class... Args>
  explicit Process(ProcessOptions options, F&& function, Args&&... args)
      : Process(std::move(options),
                detail::make_target(std::forward<F>(function), std::forward<Args>(args)...)) {}
  Process(Process&& other) noexcept;
  /// Ends what this one had as its destructor does.
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  /// Makes the process and drops the callable here. Blocks until the process exists and, where the
  /// callable travels as bytes and these are many, until it has read them.
  /// Throws UsageError when it was started before, and for what cannot travel; CodecError and what
  /// a serializer throws; StartError, SystemError: then it may be started again.
  /// Cost: a fork, which grows with this process's memory; a message and a fork of a small process;
  /// an exec of the program. For a small program half a millisecond, and three for spawn.
  void start();
  /// Blocks until it has ended. Throws UsageError when it was not started.
  void join();
  /// The same for a while; false when it still runs then.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> duration) {
    return join_until(detail::deadline_after(duration));
  }

  /// Between start() and its end.
  bool is_alive() const;
  /// The exit code, or minus the signal that ended it, as in Python. Nothing before its end, and
  /// where exit_status() is lost.
  ExitCode exit_code() const;
  /// How it ended. In a program that ignores SIGCHLD, or that waits for children that are not its
  /// own, only what the process has told itself is known: that its target returned, threw or called
  /// exit(). _exit() and a signal are lost there. Throws UsageError before its end.
  ExitStatus exit_status() const;
  /// Throws UsageError before start(). Of a launcher's process: what launch() returned.
  int pid() const;
  const std::string& name() const;
  bool daemon() const;
  /// A descriptor that poll(2) finds readable when the process has ended; the handle's own until
  /// close(). Throws UsageError before start().
  int sentinel() const;

  /// Send SIGTERM, SIGKILL, SIGINT; nothing when it has ended. Throw UsageError before start().
  void terminate();
  void kill();
  void interrupt();

  /// Gives back what the handle holds: every later call but name(), daemon() and close() throws
  /// UsageError. Throws UsageError while the process runs.
  void close();

 private:
  Process(ProcessOptions options, std::unique_ptr<detail::ProcessTarget> target);
  bool join_until(const detail::Deadline& deadline);
  detail::ProcessCore& core() const;

  std::shared_ptr<detail::ProcessCore> core_;  // null: moved from
};

}  // namespace brood

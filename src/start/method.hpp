#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <brood/errors.hpp>
#include <brood/launcher.hpp>
#include "platform/descriptor.hpp"
#include "platform/given_descriptors.hpp"
#include "platform/process.hpp"

namespace brood::start {

/// What a new process is for.
enum class Role : std::uint32_t {
  worker,   // of a pool
  process,  // of a brood::Process
};

/// What a new process is given: its role, and these descriptors and no others beside stdio. There
/// they have the numbers of `exec_descriptors` in start/entry.hpp, 400 to 403, or 3 to 6 where a
/// process may not have so many.
struct WorkerDescriptors : platform::GivenDescriptors {
  Role role = Role::worker;
  /// What becomes its standard output and error; -1: what its maker has there.
  int output = -1, errors = -1;
};

struct StartedProcess {
  pid_t pid = -1;
  platform::Descriptor pidfd;
};

/// How long a start may take where nothing else is said: a fork takes milliseconds, a second for a
/// snapshot of a hundred gigabytes. Only a server that is stopped takes longer.
inline constexpr std::chrono::seconds usual_patience{30};
/// How long the launch of a server with its preload hooks may take.
inline constexpr std::chrono::seconds launch_patience{60};

/// What has become of a start that was asked for.
struct PendingStart {
  std::uint32_t ticket = 0;               // for answer() and abandon(), while there is no process
  std::optional<StartedProcess> process;  // where it exists already
};

/// What became of a signal.
enum class Signal : std::uint8_t {
  sent,
  gone,     // the process has ended
  asked,    // the server was asked to send it: nothing tells whether it has
  refused,  // by the system
};

/// To a child of this process that only the caller's thread reaps.
Signal signal_own_child(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept;

/// A way to make workers, as one pool uses it. Fork keeps its snapshot here, forkserver its
/// connection. A start has two states: asked for, and answered with a process or an error.
/// Threads: one at a time.
class Method {
 public:
  /// Kills and reaps what is left of its workers, in bounded time; nothing in a forked copy of the
  /// process.
  virtual ~Method() = default;
  /// "fork", "forkserver", "spawn", or the name of the user's launcher.
  virtual std::string name() const = 0;

  /// Asks for a process called `process_name` (as ps shows it) that runs run_role() on copies of
  /// these descriptors, which stay the caller's, open until the answer has come. Never waits for
  /// another process. Throws StartError, SystemError.
  virtual PendingStart ask(const std::string& process_name,
                           const WorkerDescriptors& descriptors) = 0;
  /// The process of an earlier ask(); nothing while there is no answer. Never waits. Throws
  /// StartError, SystemError: abandon() it then.
  virtual std::optional<StartedProcess> answer(std::uint32_t ticket);
  /// Gives a start up: a process that is made nevertheless is killed by its maker.
  virtual void abandon(std::uint32_t ticket) noexcept;
  /// Readable when answers or statuses have come; -1 where nothing is ever waited for. Good until
  /// the next call of a member that is not const.
  virtual int answers() const noexcept { return -1; }
  /// Lets the server, where there is one, go on if it has been stopped (SIGSTOP).
  virtual void resume_server() const noexcept {}
  /// Says of a start that has had `limit` what it hangs in.
  virtual StartError late(std::chrono::nanoseconds limit) const;

  /// ask() and await(). Blocks until the process exists, not until it greets. Throws StartError,
  /// SystemError.
  StartedProcess start(const std::string& process_name, const WorkerDescriptors& descriptors,
                       std::chrono::nanoseconds limit = usual_patience);
  /// Blocks until the answer is there; what is late is abandoned, and a StartError.
  StartedProcess await(std::uint32_t ticket, std::chrono::nanoseconds limit);

  /// Takes what later starts need of this process as it is now; for a pool that starts no worker
  /// yet. Throws as start() does.
  virtual void prepare() {}
  /// Blocks until the server, where there is one, has run its hooks. Throws StartError.
  virtual void await_server(std::chrono::nanoseconds) {}

  /// Takes in what the parent of its processes has told, for ended(). Never waits. Throws
  /// SystemError.
  virtual void receive() {}
  /// How the process ended, and what it used; for when its pidfd has become readable. Nothing while
  /// its parent has not told, as of the last receive(); then answers() tells when to ask again, if
  /// nothing has been received since. Status `lost` when the parent is dead. Once told it is
  /// forgotten.
  virtual std::optional<platform::Ended> ended(pid_t pid) = 0;
  /// The same; blocks for as long as its parent takes to tell, a second at most, then it is `lost`.
  platform::Ended collect(pid_t pid);
  /// Sends a signal to a process that was started here and has not been told as ended.
  virtual Signal signal(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept;
};

/// Makes what a pool needs to start workers by `method`. For fork the first start(), or
/// prepare(), takes the snapshot of this process. A fork server that has to be launched, with its
/// hooks, has `limit`. Throws StartError, SystemError, and UsageError where brood::init is missing.
std::unique_ptr<Method> open_method(const StartMethod& method,
                                    std::chrono::nanoseconds limit = launch_patience);

/// The start method that starts no processes: tasks of a pool run in the calling threads. It has a
/// name, and nothing that open_method() could open.
inline constexpr const char* inline_method = "inline";
/// What a pool of these options uses: the method that the environment variable BROOD_START_METHOD
/// names, or else the one of the options. Throws UsageError for a name that is none.
StartMethod method_of_pool(const StartMethod& chosen);

/// From now on this process starts no others, and has no server socket to the fork server that made
/// it.
void start_no_more() noexcept;
/// Throws UsageError after start_no_more().
void require_starts_allowed();

/// Ends this process's fork server once the methods that use it are gone; the next open_method
/// launches a new one. Blocks for two seconds at most when nothing uses it.
void drop_forkserver() noexcept;

/// "Fork", "ForkServer", "Spawn", or the launcher's name with its first letter raised: the first
/// part of process names.
std::string name_prefix(const std::string& method);

}  // namespace brood::start

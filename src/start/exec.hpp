#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <brood/launcher.hpp>
#include "platform/process.hpp"
#include "start/method.hpp"

// Starting this program again: what spawn, the user's launchers and the launch of the fork server
// share.
namespace brood::start {

/// Throws UsageError naming the missing line when this program never called brood::init.
void require_initialized(const std::string& method);

/// A path at which another program finds this executable: its name where that still is the running
/// file, else a link in /proc that lives as long as this process.
std::string executable_path();

/// What a worker executes. The first argument is what ps shows, for a program that is executed by
/// another path.
WorkerCommand worker_command(const std::string& process_name, const WorkerDescriptors& descriptors);
WorkerCommand forkserver_command(int control_socket, int owner_pidfd);

/// posix_spawn of `program` with the arguments, environment and descriptors of `command`. Throws
/// SystemError.
StartedProcess execute(const std::string& program, const WorkerCommand& command);

/// The peak of memory that the system tells of an executed child may be ours: see platform::reap.
enum class HowMade : bool { forked, executed };

/// Workers that are children of this process: reaped by pid, and killed when their pool goes
/// without them.
class OwnChildren {
 public:
  OwnChildren() = default;
  ~OwnChildren();
  OwnChildren(const OwnChildren&) = delete;
  OwnChildren& operator=(const OwnChildren&) = delete;

  /// Kills the child when it throws.
  void add(pid_t pid, HowMade how = HowMade::executed);
  bool contains(pid_t pid) const { return pids_.contains(pid); }
  /// How one ended; waits for a second at most. The peak of its memory is zero where only ours is
  /// known.
  platform::Ended collect(pid_t pid);
  /// Kills and reaps one.
  void discard(pid_t pid) noexcept;

 private:
  void reap_the_rest() noexcept;
  std::unordered_map<pid_t, std::uint64_t> pids_;  // with our peak of memory when it was started
  // They have ended, and another process traces them: that reaps first.
  std::vector<pid_t> unreaped_;
  unsigned generation_ = platform::fork_generation();
};

/// Also when it has ended, until it is reaped.
bool is_own_child(pid_t pid) noexcept;
/// SIGKILL, and reaps it if it ends within five seconds; nothing when `pid` is no child (any more),
/// or one that this process may not kill: of another user by now.
void discard_child(pid_t pid) noexcept;

/// This program, whatever has happened to its file: proc(5).
inline constexpr const char* own_executable = "/proc/self/exe";

}  // namespace brood::start

#pragma once

#include <string>

#include <brood/start_method.hpp>
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
WorkerCommand worker_command(const std::string& process_name, const Handover& descriptors);
WorkerCommand forkserver_command(int control_socket, int owner_pidfd);

/// posix_spawn of `program` with the arguments, environment and descriptors of `command`. Throws
/// SystemError.
StartedProcess execute(const std::string& program, const WorkerCommand& command);

/// The status of an ended child of this process; waits for a second at most.
ExitStatus collect_own_child(pid_t pid);

/// SIGKILL, and reaps it. For a child that was only just made and must not stay.
void discard_child(pid_t pid) noexcept;

/// This program, whatever has happened to its file: proc(5).
inline constexpr const char* own_executable = "/proc/self/exe";

}  // namespace brood::start

#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "platform/descriptor.hpp"
#include "start/method.hpp"

// What a new process does once it exists.
namespace brood::start {

/// Runs what the process is for: a pool's worker until its owner has no more tasks, or the callable
/// of a brood::Process; ends the process itself. Declared by the layer that makes processes and
/// defined in src/bootstrap/, which alone knows both sides: ADR 2 says why it is not handed down.
[[noreturn]] void run_role(const WorkerDescriptors& given);

/// The first argument of a process that Brood started by exec, followed by what it is for and,
/// unless that is the fork server, by the name of the process.
inline constexpr const char* exec_marker = "--brood-child";
inline constexpr const char* worker_role = "worker";
inline constexpr const char* process_role = "process";
inline constexpr const char* forkserver_role = "forkserver";

/// Numbers that a worker finds its descriptors at, whatever started it: so high that what a task
/// opens gets others, also when it has closed these.
inline constexpr WorkerDescriptors exec_descriptors{{400, 401, 402, 403}};
/// The same where a process may not have so many.
inline constexpr WorkerDescriptors low_exec_descriptors{{3, 4, 5, 6}};
/// Number of the server socket in a worker that a fork server made.
inline constexpr int server_socket_descriptor = 404, low_server_socket_descriptor = 7;
static_assert(exec_descriptors.report == platform::high_reserved);
inline const WorkerDescriptors& worker_descriptors() noexcept {
  return platform::has_high_numbers() ? exec_descriptors : low_exec_descriptors;
}
/// Those of them that this exec'd worker was given, made close-on-exec. Call once, before anything
/// opens a descriptor.
WorkerDescriptors take_exec_descriptors(Role role) noexcept;
/// The fork server's control socket and the pidfd of its owner.
inline constexpr int forkserver_socket = 3;
inline constexpr int forkserver_owner = 4;

/// Runs encoded preload hooks; the text of the failure, empty for success.
using RunHooks = std::string (*)(std::span<const std::byte> hooks) noexcept;
/// Body of the exec'd fork server.
[[noreturn]] void forkserver_main(int control_socket, int owner_pidfd, RunHooks run);

/// Set by brood::init, in the roles too (their tasks may make pools): this program can be exec'd as
/// a worker.
void mark_initialized() noexcept;
bool initialized() noexcept;

}  // namespace brood::start

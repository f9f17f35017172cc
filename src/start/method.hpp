#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include <brood/errors.hpp>
#include <brood/start_method.hpp>
#include "platform/descriptor.hpp"
#include "platform/process.hpp"

namespace brood::start {

/// What a new process is for.
enum class Role : std::uint32_t {
  worker,   // of a pool
  process,  // of a brood::Process
};

/// What a new process is given: its role, and these descriptors and no others beside stdio. There
/// they have the numbers 3, 4, 5, 6, 7.
struct Handover {
  int tasks = -1;    // read end of the task pipe
  int results = -1;  // write end of the result pipe
  int page = -1;     // memfd of the worker page, -1 for none
  int owner = -1;    // pidfd of the process that owns the worker
  int escort = -1;   // socket over which descriptors of shared objects go: platform/escort.hpp
  Role role = Role::worker;
};

struct StartedProcess {
  pid_t pid = -1;
  platform::Descriptor pidfd;
};

/// A way to make workers, as one pool uses it. Fork keeps its snapshot here, forkserver its
/// connection. Threads: one at a time.
class Method {
 public:
  /// Kills and reaps what is left of its workers, in bounded time; nothing in a forked copy of the
  /// process.
  virtual ~Method() = default;
  /// "fork", "forkserver", "spawn", or the name of the user's launcher.
  virtual std::string name() const = 0;
  /// Starts a process called `process_name` (as ps shows it) that runs run_role() on copies of
  /// these descriptors, which stay the caller's. Blocks until the process exists, not until it
  /// greets. Throws StartError, SystemError.
  virtual StartedProcess start(const std::string& process_name, const Handover& descriptors) = 0;
  /// Takes what later starts need of this process as it is now; for a pool that starts nobody yet.
  /// Throws as start() does.
  virtual void prepare() {}
  /// How the process ended, and what it used; call when its pidfd has become readable, once. Blocks
  /// for as long as its parent takes to tell, a second at most. Status `lost` when the parent is
  /// dead.
  virtual platform::Ended collect(pid_t pid) = 0;
};

/// Makes what a pool needs to start workers by `method`. For fork the first start(), or
/// prepare(), takes the snapshot of this process. Throws StartError, SystemError, and UsageError
/// where brood::init is missing.
std::unique_ptr<Method> open_method(const StartMethod& method);

/// From now on this process starts no others, and has no door to the fork server that made it.
void start_no_more() noexcept;
/// Throws UsageError after start_no_more().
void require_starts_allowed();

/// Says that `fork` copies a process with threads. Called by open_method("fork") in the thread that
/// makes the pool.
using ForkWarning = void (*)(const std::string& text);
/// Replaces what is done with that warning (to stderr, at first); returns what it was. Threads:
/// before pools are made.
ForkWarning set_fork_warning(ForkWarning handler) noexcept;

/// Ends this process's fork server once the methods that use it are gone; the next open_method
/// launches a new one. Blocks for two seconds at most when nothing uses it.
void drop_forkserver() noexcept;

/// "Fork", "ForkServer", "Spawn", or the launcher's name with its first letter raised: the first
/// part of process names.
std::string name_prefix(const std::string& method);

}  // namespace brood::start

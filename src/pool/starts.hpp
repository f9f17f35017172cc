#pragma once

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>

#include "pool/link_io.hpp"
#include "pool/scheduler/types.hpp"
#include "pool/supervisor.hpp"

namespace brood::pool {

class Core;

/// What the dispatcher has asked others for, and waits for as it waits for workers: processes that
/// a server is to fork, and how dead ones ended, which their parent tells. README.md has the
/// states. Threads: the dispatcher's; under the core's lock, but for ended() and watch().
class Starts {
 public:
  Starts(Core& core, boost::asio::io_context& io) : core_(core), answers_(io) {}

  /// Asks for a process in slot `id`.
  void ask(WorkerId id);
  /// A worker that is there now, with its link in the core, until there is none. What has failed
  /// meanwhile the scheduler is told.
  WorkerLink* next();
  /// Tells why a worker could not be started.
  void failed(WorkerId id, std::exception_ptr why);
  /// Nobody waits for this worker any more; nothing if it has not been asked for.
  void abandon(WorkerId id);
  void abandon_all();
  /// Lets a server that may have been stopped go on, when a start is late.
  void urge(Time now);

  /// How a worker ended whose pidfd is readable; nothing while its parent may yet tell.
  std::optional<Death> ended(const WorkerLink& link, Time now);
  /// When ended() or urge() has to be called again at the latest.
  std::optional<Time> deadline() const;

  /// Wakes the dispatcher when there is something to ask for; to be called before it sleeps.
  void watch();

 private:
  WorkerLink* admit(std::unique_ptr<WorkerLink> link);
  std::optional<Time> next_urge() const;

  Core& core_;
  Watched answers_;  // let go of before the supervisor may close what it watches
  std::map<WorkerId, Supervisor::Birth> asked_;
  Time urged_{};                     // the last time
  std::map<WorkerId, Time> untold_;  // the dead, and how long their parent has to tell
};

}  // namespace brood::pool

#pragma once

#include <boost/asio/io_context.hpp>

#include <exception>
#include <map>
#include <memory>
#include <optional>

#include "pool/base/core_lock.hpp"
#include "pool/dispatcher/link_io.hpp"
#include "pool/dispatcher/supervisor.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// What becomes of a start that was asked for.
class StartEvents {
 public:
  virtual void on_started(std::unique_ptr<WorkerProcess> worker) BROOD_REQUIRES(core_lock) = 0;
  virtual void on_start_failed(WorkerId id, std::exception_ptr why, StartFailure kind)
      BROOD_REQUIRES(core_lock) = 0;

 protected:
  ~StartEvents() = default;
};

/// What the dispatcher has asked others for, and waits for as it waits for workers: processes that
/// a server is to fork, and how dead ones ended, which their parent reports. README.md has the
/// states. Threads: the dispatcher's.
class Starts {
 public:
  Starts(Supervisor& supervisor, StartEvents& events, boost::asio::io_context& io)
      : supervisor_(supervisor), events_(events), answers_(io) {}

  /// Asks for a process in slot `id`.
  void ask(WorkerId id) BROOD_REQUIRES(core_lock);
  /// Reports the starts that have been answered.
  void report() BROOD_REQUIRES(core_lock);
  /// A start fails for this reason.
  void fail(WorkerId id, std::exception_ptr why) BROOD_REQUIRES(core_lock);
  /// The worker is not waited for any more; nothing if it has not been asked for.
  void abandon(WorkerId id) BROOD_REQUIRES(core_lock);
  void abandon_all() BROOD_REQUIRES(core_lock);
  /// The same, and nothing is reported of it: the pool has collapsed. Threads: the dispatcher's;
  /// needs no lock.
  void drop_all();
  /// Lets a server that may have been stopped go on, when a start is late.
  void urge(Time now) BROOD_REQUIRES(core_lock);
  /// When urge() has to be called at the latest.
  std::optional<Time> next_urge() const BROOD_REQUIRES(core_lock);

  /// How a worker ended whose pidfd is readable; nothing while its parent may yet report it.
  std::optional<Death> ended(const WorkerProcess& worker) noexcept BROOD_REQUIRES(core_lock);

  /// Wakes the dispatcher when there is something to ask for; to be called before it sleeps. False:
  /// it may be there already, and another turn is wanted.
  bool watch();

 private:
  void receive() noexcept;

  Supervisor& supervisor_;
  StartEvents& events_;
  Watched answers_;  // let go of before the supervisor may close what it watches
  std::map<WorkerId, Supervisor::Birth> asked_;
  Time urged_{};                // the last time
  bool awaits_status_ = false;  // a status is waited for: said anew in each turn
  bool read_since_ = false;     // what the server has reported since then, the status perhaps
};

}  // namespace brood::pool

#pragma once

#include <exception>
#include <string>
#include <vector>

#include <brood/options.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/driver/append_run.hpp"
#include "pool/driver/job_table.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/driver/worker_table.hpp"
#include "pool/record/counters.hpp"
#include "pool/record/recorder.hpp"
#include "pool/scheduler/scheduler.hpp"

namespace brood::pool {

struct DriverConfig {
  std::string method;  // name of the start method, for StartError
  Limits limits;
  FailureKeeper* keeper = nullptr;  // null: no failed element is kept
  Recorder* recorder = nullptr;     // null: no times are wanted; else it outlives the driver
};

/// What the parts of a driver share: what it knows, and the ends that each of them may have to
/// bring about. Threads: as the driver's.
struct DriverState {
  DriverState(DriverConfig config, Scheduler& scheduler, WorkerProcesses& processes,
              Callbacks& callbacks);

  /// The job has failed for `error`, and is cancelled.
  void fail(CallJob& job, const std::exception_ptr& error) BROOD_REQUIRES(core_lock);
  /// Puts an assignment of the job into the link's outbox. Throws what append_run does; then a part
  /// of it is there.
  void send(WorkerLink& link, const CallJob& job, const Assignment& assignment)
      BROOD_REQUIRES(core_lock);
  /// Fails the job where its outcomes have been kept so badly that it must.
  void keep(JobTable::Kept kept, JobId job) BROOD_REQUIRES(core_lock);
  /// The exception that is being handled, which came of a worker's bytes. Throws it on where it has
  /// torn the scheduler: then it is the end of all.
  std::exception_ptr current_fault() const BROOD_REQUIRES(core_lock);
  /// The link is read no more, and its worker is to be killed.
  void break_link(WorkerLink& link, const std::exception_ptr& error) noexcept
      BROOD_REQUIRES(core_lock);
  /// The same, and it is killed now. Threads: the dispatcher's.
  void break_and_stop(WorkerLink& link, const std::exception_ptr& error) noexcept
      BROOD_REQUIRES(core_lock);

  const DriverConfig config;
  WorkerProcesses& processes BROOD_GUARDED_BY(core_lock);
  Scheduler& scheduler BROOD_GUARDED_BY(core_lock);
  Counters counters BROOD_GUARDED_BY(core_lock);
  JobTable jobs BROOD_GUARDED_BY(core_lock);
  WorkerTable workers BROOD_GUARDED_BY(core_lock);
  std::vector<WorkerExit> exits BROOD_GUARDED_BY(core_lock);   // by slot: of the last process
  std::exception_ptr start_error BROOD_GUARDED_BY(core_lock);  // why workers do not start
  Time now BROOD_GUARDED_BY(core_lock){};  // of the last call that brought the time
};

}  // namespace brood::pool

#pragma once

#include "pool/base/core_lock.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Appends the messages that send an assignment of the job to the link's outbox. `processes` see to
/// what its elements write.
void append_run(WorkerProcesses& processes, WorkerLink& link, const CallJob& job,
                const Assignment& assignment) BROOD_REQUIRES(core_lock);

}  // namespace brood::pool

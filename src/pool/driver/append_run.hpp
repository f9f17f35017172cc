#pragma once

#include <cstddef>

#include "pool/base/core_lock.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/driver/worker_processes.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Whether the worker is to tell when elements run.
enum class Measured : bool { no, yes };

/// Appends the messages that send an assignment of the job to the link's outbox. `processes` see to
/// what its elements write. Returns the bytes of the elements' message.
std::size_t append_run(WorkerProcesses& processes, WorkerLink& link, const CallJob& job,
                       const Assignment& assignment, Measured measured) BROOD_REQUIRES(core_lock);

}  // namespace brood::pool

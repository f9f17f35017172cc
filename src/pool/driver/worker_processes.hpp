#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <brood/detail/pool/job.hpp>
#include <brood/errors.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/driver/worker_link.hpp"
#include "pool/failures/crash_report.hpp"
#include "pool/scheduler/types.hpp"
#include "start/method.hpp"

namespace brood::pool {

/// Why no process could be started.
enum class StartFailure : std::uint8_t {
  lack,  // of processes, descriptors or memory: that may pass
  other,
};

/// Why a worker is sent a signal.
enum class StopSignal : std::uint8_t {
  terminate,  // SIGTERM: it may still end by itself
  kill,       // SIGKILL
};

/// What became of it.
using SignalResult = start::Signal;

/// The processes of workers as a driver has them started, signalled and reaped, and what it asks of
/// its own process: the dispatcher does so for a real pool, a world of the simulation for its own.
/// No function waits for another process.
/// Threads: that of the dispatcher, under the core's lock; those below "any thread" are called by
/// any thread with that lock.
class WorkerProcesses {
 public:
  /// Asks for a process in slot `id`. Driver::started or Driver::start_failed says what became of
  /// it, perhaps before this returns.
  virtual void start(WorkerId id) BROOD_REQUIRES(core_lock) = 0;
  /// The process in slot `id` that was asked for is not waited for any more: start_failed is
  /// called. Nothing if none was asked for.
  virtual void abandon_start(WorkerId id) BROOD_REQUIRES(core_lock) = 0;
  /// The same for all slots.
  virtual void abandon_starts() BROOD_REQUIRES(core_lock) = 0;
  virtual SignalResult signal(WorkerLink& link, StopSignal signal) noexcept
      BROOD_REQUIRES(core_lock) = 0;
  /// How a worker ended whose process is known to have: `lost` where that cannot be known, nothing
  /// while its parent may yet report it.
  virtual std::optional<Death> status(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock) = 0;
  /// The link is about to be destroyed.
  virtual void release(WorkerLink& link) noexcept BROOD_REQUIRES(core_lock) = 0;

  // --- any thread ---
  /// Has every worker that relies on it pass a full memory barrier between the call and the return.
  /// False where the system refuses that.
  virtual bool order_workers_memory() noexcept = 0;
  /// A line of an error for the owner's log.
  virtual void log_error(const std::string& text) noexcept = 0;
  /// A record of a worker's.
  virtual void log(const WorkerLink& link, const protocol::LogRecord& record) noexcept = 0;
  /// Has what the worker writes in elements from this position of its sequence on kept or printed,
  /// as the terms say; puts what it needs for that into its outbox. False where that cannot be had:
  /// the output goes where it went.
  virtual bool expect_output(WorkerLink&, std::uint64_t /*sequence*/,
                             const detail::CallTerms&) noexcept {
    return false;
  }
  /// What the element at this position has written, which has ended; null: nothing. That of earlier
  /// ones is dropped.
  virtual detail::ElementOutput take_output(const WorkerLink&,
                                            std::uint64_t /*sequence*/) noexcept {
    return nullptr;
  }
  /// The same where the worker has died in the element.
  virtual detail::ElementOutput last_output(const WorkerLink&,
                                            std::uint64_t /*sequence*/) noexcept {
    return nullptr;
  }
  /// Whether so many descriptors of shared objects are open that no more should be taken in.
  virtual bool table_is_full() noexcept = 0;
  /// Descriptors that this process may have open.
  virtual std::size_t descriptor_limit() noexcept = 0;

 protected:
  ~WorkerProcesses() = default;
};

}  // namespace brood::pool

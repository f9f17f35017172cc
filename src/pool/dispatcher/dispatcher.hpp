#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <brood/detail/sandbox_terms.hpp>
#include "pool/base/core_lock.hpp"

namespace brood::pool {

class WorkerProcesses;

/// What has a pool's workers, and gives its driver its turns: a thread, where workers are processes
/// (ProcessDispatcher), or the threads of callers, where elements run in these (InlineDispatcher).
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Name of the start method.
  virtual std::string method_name() const = 0;
  virtual const detail::SandboxTerms& sandbox() const noexcept = 0;
  /// Bytes of one argument or result.
  virtual std::uint64_t message_limit() const noexcept = 0;

  /// What the driver has processes started and ended by.
  virtual WorkerProcesses& processes() noexcept = 0;
  /// Starts the first workers, and the thread where there is one. Once, when there is a state.
  /// Throws StartError, SystemError: nothing is left behind then.
  virtual void begin() = 0;
  /// Waits for the thread, which must have a reason to end.
  virtual void finish() noexcept = 0;

  /// There is something to do. Any thread; cheap while the dispatcher is awake. False where it
  /// sleeps and this process has closed what would wake it.
  virtual bool wake() noexcept = 0;
  /// Waits until no worker is left; false at the deadline. Any thread.
  virtual bool join(std::chrono::steady_clock::time_point deadline) = 0;
  /// Of a pool that has lost its descriptors, whose dispatcher is never destroyed: its thread is
  /// not waited for any more. Any thread, any number of times.
  virtual void let_go() = 0;

  // --- where elements run in the threads of callers ---
  virtual bool runs_in_callers() const noexcept { return false; }
  /// Whether the calling thread is in an element of this pool.
  virtual bool is_running_here() const noexcept { return false; }
  /// Has elements run in the calling thread, as many as are sent to a worker at a time. False where
  /// there is nothing to run now, or another thread does. Throws UsageError in an element.
  virtual bool run_some() { return false; }
  /// The pool has been terminated: of what an element's thread has got, nothing more is begun.
  virtual void cut_off() noexcept BROOD_REQUIRES(core_lock) {}

 protected:
  Dispatcher() = default;
};

}  // namespace brood::pool

#pragma once

#include <exception>
#include <functional>
#include <memory>

#include <brood/detail/pool/job.hpp>
#include "pool/calls/callbacks.hpp"

namespace brood::pool {

class AwaitedCall;
class CallState;

/// Takes an error that was not asked for; null: it is logged.
using ErrorHandler = std::function<void(std::exception_ptr)>;

/// The pool that a call was given to, as far as the call needs it: the core. Threads: any, without
/// the core's lock.
class PoolForCalls : public std::enable_shared_from_this<PoolForCalls> {
 public:
  /// True if something will not run because of this.
  virtual bool cancel(AwaitedCall& call, Kill kill) = 0;
  /// From now on the calling thread is the stream's reader.
  virtual void note_reader(CallState& stream) = 0;
  /// More input for a stream.
  virtual void extend(CallState& stream, detail::Elements more, detail::Input input) = 0;
  /// Looks whether this process has closed what would wake the waiters: then all calls end.
  virtual void look_for_loss() noexcept = 0;
  /// Whether elements run in the threads that wait for them (start method "inline").
  virtual bool runs_in_callers() const noexcept = 0;
  /// Then has some run in the calling thread; false where there are none for it now. Throws
  /// UsageError in an element of the pool.
  virtual bool run_some() = 0;

  /// Whether this process is the pool's, not a forked copy.
  virtual bool in_owner() const noexcept = 0;
  virtual Callbacks& callbacks() noexcept = 0;
  virtual const ErrorHandler& unobserved_error() const noexcept = 0;

 protected:
  ~PoolForCalls() = default;
};

}  // namespace brood::pool

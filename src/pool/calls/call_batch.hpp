#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/calls/call_arguments.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/calls/call_run.hpp"
#include "pool/calls/small_call.hpp"

namespace brood::pool {

/// Small calls that travel as the elements of one job: each has its own end.
class CallBatch final : public CallJob {
 public:
  /// Takes a run, and its calls.
  CallBatch(CallRun&& run, std::span<std::shared_ptr<SmallCall>> calls);

  JobTraits traits() const BROOD_REQUIRES(core_lock);
  /// Tells the calls their indices in it, when it has its id.
  void set_indices() BROOD_REQUIRES(core_lock);

  bool finished() const noexcept override BROOD_REQUIRES(core_lock) { return finished_; }
  bool has_separate_calls() const noexcept override { return true; }
  const CallArguments& arguments() const noexcept override BROOD_REQUIRES(core_lock) {
    return arguments_;
  }
  void deliver(const ArrivedResults& results, Callbacks& callbacks) override
      BROOD_REQUIRES(core_lock);
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            Callbacks& callbacks) override BROOD_REQUIRES(core_lock);
  void cancelled(std::size_t index, const std::exception_ptr& reason,
                 Callbacks& callbacks) noexcept override BROOD_REQUIRES(core_lock);
  std::size_t open_among(std::size_t first, std::size_t count) const noexcept override
      BROOD_REQUIRES(core_lock);
  void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept override
      BROOD_REQUIRES(core_lock);

 private:
  const CallArguments arguments_;
  std::vector<std::shared_ptr<SmallCall>> calls_ BROOD_GUARDED_BY(core_lock);  // null: has its end
  bool finished_ BROOD_GUARDED_BY(core_lock) = false;
};

}  // namespace brood::pool

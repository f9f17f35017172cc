#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "pool/base/core_lock.hpp"
#include "pool/calls/arguments.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/calls/call_state.hpp"

namespace brood::pool {

/// The arguments of calls that travel together. Those calls have no descriptors, and own what they
/// bring.
class BatchArguments final : public Arguments {
 public:
  /// Of these calls, at least one, which stay where they are.
  explicit BatchArguments(std::span<const std::shared_ptr<CallState>> calls);

  Part part(std::size_t) const noexcept override { return {.stride = stride_}; }
  void append_to(RunFrame& frame, std::size_t first, std::size_t count) const override
      BROOD_REQUIRES(core_lock);
  std::size_t mean_size() const noexcept { return bytes_ / calls_.size(); }

 private:
  const std::span<const std::shared_ptr<CallState>> calls_;
  std::size_t stride_ = 0;
  std::size_t bytes_ = 0;  // of all arguments
};

/// Calls of one function that came in one behind the other: they travel as the elements of one job,
/// and each has its own end.
class CallBatch final : public CallJob {
 public:
  /// How many of these calls, from the first on, one batch can hold.
  static std::size_t length(std::span<const std::shared_ptr<CallState>> calls)
      BROOD_REQUIRES(core_lock);
  /// Takes the calls, at least one.
  explicit CallBatch(std::span<std::shared_ptr<CallState>> calls);

  JobTraits traits() const BROOD_REQUIRES(core_lock);
  /// Gives the calls its id and their indices, when it has its id.
  void set_indices_in_batch() BROOD_REQUIRES(core_lock);

  bool finished() const noexcept override BROOD_REQUIRES(core_lock) { return finished_; }
  std::size_t index_in_call(std::size_t) const noexcept override { return 0; }
  const Arguments& arguments() const noexcept override BROOD_REQUIRES(core_lock) {
    return arguments_;
  }
  void deliver(const ArrivedResults& results, Callbacks& callbacks) override
      BROOD_REQUIRES(core_lock);
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            Callbacks& callbacks) override BROOD_REQUIRES(core_lock);
  void cancelled(std::size_t index, const std::exception_ptr& reason,
                 Callbacks& callbacks) noexcept override BROOD_REQUIRES(core_lock);
  void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept override
      BROOD_REQUIRES(core_lock);

 private:
  std::vector<std::shared_ptr<CallState>> calls_ BROOD_GUARDED_BY(core_lock);  // null: has its end
  const BatchArguments arguments_;
  bool finished_ BROOD_GUARDED_BY(core_lock) = false;
};

}  // namespace brood::pool

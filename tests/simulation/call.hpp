#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "plan.hpp"
#include "pool/calls/arguments.hpp"
#include "pool/calls/call_job.hpp"
#include "referee.hpp"

namespace brood::simulation {

/// The arguments of a job: numbers that say whose they are, and of which element. A batch, a part
/// of any size that is borrowed and memory that is spoilt are drawn, so these are none of
/// pool::CallArguments.
class CallArguments final : public pool::Arguments {
 public:
  CallArguments(const JobPlan& plan, std::size_t count);

  /// The job has its id.
  void define(JobId job);
  using Arguments::grow;
  /// What is borrowed is lost.
  void spoil() noexcept;
  void drop() noexcept { borrowed_.reset(); }

  Part part(std::size_t) const noexcept override;
  void append_to(pool::RunFrame& frame, std::size_t first, std::size_t count) const override;
  bool borrows() const noexcept override { return plan_.borrows; }

 private:
  static std::vector<detail::DescriptorRef> handles_of(const JobPlan& plan);
  std::vector<std::byte> encode(std::size_t first, std::size_t count) const;
  std::size_t bytes_per_element() const noexcept;

  const JobPlan& plan_;
  JobId job_ = 0;
  std::vector<detail::DescriptorRef> handles_;
  // All of them, where they stay the caller's.
  mutable std::shared_ptr<std::vector<std::byte>> borrowed_;
};

/// A job as its callers have made it, in place of pool::CallState and pool::CallBatch: it knows
/// what its results must be, and tells the referee when its callers know that it has ended. Memory
/// that has been borrowed from it is spoilt then.
class Call final : public pool::CallJob {
 public:
  Call(Referee& referee, const JobPlan& plan, std::size_t count);

  /// It has its id.
  void define() { arguments_.define(id); }
  void grow(std::size_t count) { arguments_.grow(count); }
  const JobPlan& plan() const noexcept { return plan_; }
  /// Its result has been decoded while it arrived.
  void take() noexcept { taken_ = true; }
  /// A mutation: its caller goes on although it has not been told of the end.
  void spoil_what_is_borrowed() noexcept { arguments_.spoil(); }

  /// Its reader joins the pool: no more input comes.
  void leave_to_its_end() noexcept { open_stream_ = true; }

  bool finished() const noexcept override { return finished_; }
  bool cut_short() noexcept override;
  const pool::Arguments& arguments() const noexcept override { return arguments_; }
  void drop_arguments() noexcept override { arguments_.drop(); }
  void deliver(const pool::ArrivedResults& results, pool::Callbacks& callbacks) override;
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            pool::Callbacks& callbacks) override;
  void finish(const std::exception_ptr& error, pool::Callbacks& callbacks) noexcept override
      BROOD_REQUIRES(pool::core_lock);

 private:
  Referee& referee_;
  const JobPlan plan_;
  CallArguments arguments_;
  bool finished_ = false, taken_ = false, open_stream_ = false;
};

}  // namespace brood::simulation

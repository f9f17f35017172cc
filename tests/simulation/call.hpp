#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "plan.hpp"
#include "pool/calls/call_job.hpp"
#include "referee.hpp"

namespace brood::simulation {

/// A job as its callers have made it, in place of pool::CallState and pool::CallBatch: it knows
/// what its results must be, and tells the referee when its callers know that it has ended. Memory
/// that has been borrowed from it is spoilt then.
class Call final : public pool::CallJob {
 public:
  Call(Referee& referee, const JobPlan& plan, std::size_t count);

  /// It has its id.
  void define();
  void grow(std::size_t count) { count_ += count; }
  const JobPlan& plan() const noexcept { return plan_; }
  /// A mutation: its caller goes on although it has not been told of the end.
  void spoil_what_is_borrowed() noexcept;

  bool finished() const noexcept override { return finished_; }
  bool borrows() const noexcept override { return plan_.borrows; }
  std::size_t index_in_call(std::size_t element) const noexcept override { return element; }
  const detail::CallTerms& terms() const noexcept override { return terms_; }
  std::span<const std::byte> definition() const noexcept override { return definition_.view(); }
  bool self_contained() const noexcept override { return plan_.traits.self_contained; }
  bool whole() const noexcept override { return plan_.single(); }
  std::size_t stride(std::size_t first) const noexcept override;
  void append_arguments(pool::Outbox& outbox, detail::Bytes& tail, std::size_t frame,
                        std::size_t first, std::size_t count) const override;
  std::array<std::span<const detail::DescriptorRef>, 2> attached(
      std::size_t) const noexcept override {
    return {};
  }
  std::size_t element_count() const noexcept override { return count_; }
  detail::ResultShape result_shape() const noexcept override;
  void deliver(const pool::Results& results, pool::Callbacks& callbacks) override;
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            pool::Callbacks& callbacks) override;
  void finish(const std::exception_ptr& error, pool::Callbacks& callbacks) noexcept override;
  void drop_arguments() noexcept override { borrowed_.reset(); }

 private:
  using Arguments = std::vector<std::byte>;
  Arguments arguments(std::size_t first, std::size_t count) const;
  std::size_t bytes_per_element() const noexcept;

  Referee& referee_;
  const JobPlan plan_;
  std::size_t count_;
  detail::CallTerms terms_;
  detail::Bytes definition_;
  mutable std::shared_ptr<Arguments> borrowed_;  // all arguments, where they stay the caller's
  bool finished_ = false;
};

}  // namespace brood::simulation

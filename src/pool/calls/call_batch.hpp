#pragma once

#include <memory>
#include <span>
#include <vector>

#include "pool/calls/call_job.hpp"
#include "pool/calls/call_state.hpp"

namespace brood::pool {

/// Calls of one function that came in one behind the other: they travel as the elements of one job,
/// and each has its own end.
class CallBatch final : public CallJob {
 public:
  /// How many of these calls, from the first on, one batch can hold.
  static std::size_t length(std::span<const std::shared_ptr<CallState>> calls);
  /// Takes the calls, at least one.
  explicit CallBatch(std::span<std::shared_ptr<CallState>> calls);

  JobTraits traits() const;
  /// When it has its id.
  void tell_calls_their_places();

  bool finished() const noexcept override { return finished_; }
  bool borrows() const noexcept override { return false; }
  const detail::CallTerms& terms() const noexcept override { return *terms_; }
  std::span<const std::byte> definition() const noexcept override {
    return definition_->bytes.view();
  }
  bool self_contained() const noexcept override { return true; }
  bool whole() const noexcept override { return false; }
  std::size_t stride(std::size_t) const noexcept override { return stride_; }
  std::size_t index_in_call(std::size_t) const noexcept override { return 0; }
  void append_arguments(Outbox& outbox, detail::Bytes& tail, std::size_t frame, std::size_t first,
                        std::size_t count) const override;
  std::array<std::span<const detail::DescriptorRef>, 2> attached(
      std::size_t) const noexcept override {
    return {};  // calls with such arguments travel alone
  }
  std::size_t element_count() const noexcept override { return calls_.size(); }
  detail::ResultShape result_shape() const noexcept override { return results_; }
  void deliver(const Results& results, Callbacks& callbacks) override;
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            Callbacks& callbacks) override;
  void cancelled(std::size_t index, const std::exception_ptr& reason,
                 Callbacks& callbacks) noexcept override;
  void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept override;
  void drop_arguments() noexcept override {}  // the calls have gone their ways

 private:
  std::vector<std::shared_ptr<CallState>> calls_;  // null: it has its end
  const std::shared_ptr<const detail::Definition> definition_;
  const std::shared_ptr<const detail::CallTerms> terms_;
  const detail::ResultShape results_;
  std::size_t stride_ = 0;
  std::size_t bytes_ = 0;  // of all arguments
  bool finished_ = false;
};

}  // namespace brood::pool

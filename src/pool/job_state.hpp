#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <brood/detail/job.hpp>
#include "pool/scheduler_types.hpp"

namespace brood::pool {

class Core;

/// Arguments that a stream got later: elements [first, first + elements.count) of the job.
struct Segment {
  std::size_t first = 0;
  detail::Elements elements;
  std::size_t resolved = 0;
};

/// Where the arguments of an assignment are.
struct Arguments {
  std::span<const std::byte> bytes;  // empty for a payload in several parts
  std::size_t stride;
  const Segment* segment;  // null: those that the job came with
};

/// One call: its arguments, which the dispatcher sends, and its results, which callers wait for.
class JobState final : public detail::Job, public std::enable_shared_from_this<JobState> {
 public:
  JobState(std::weak_ptr<Core> core, detail::JobSpec&& spec);
  ~JobState() override;

  // --- callers; any thread ---
  bool finished() const noexcept override {
    return (signal_.load(std::memory_order_acquire) & finished_bit) != 0;
  }
  bool wait(const detail::Deadline& deadline) override;
  std::vector<detail::Piece> take_pieces(const detail::Deadline& deadline) override;
  std::span<const detail::Piece> pieces() const noexcept override;
  std::exception_ptr error() const override;
  bool failed() const noexcept override { return error_ != nullptr || failure_ != nullptr; }
  void report_unobserved() noexcept override { observed_.store(false, std::memory_order_relaxed); }
  std::size_t done() const noexcept override { return done_.load(std::memory_order_relaxed); }
  bool cancel(Kill kill) override;
  void when_finished(std::function<void()> callback) override;
  void extend(detail::Elements more, bool last) override;

  // --- the core, under its lock ---
  JobId id = 0;
  bool driven = false;  // by its caller, who cannot go on meanwhile
  const detail::JobSpec& spec() const noexcept { return spec_; }
  /// Code reference of the runner, then the state of the function.
  std::span<const std::byte> definition() const noexcept { return spec_.definition->bytes.view(); }
  /// The bytes of elements [first, first + count); never beyond what one extend() brought.
  Arguments arguments(std::size_t first, std::size_t count) const;
  /// What keeps them while somebody writes them.
  std::shared_ptr<const void> keep(const Arguments& arguments) const;
  /// Whether its arguments lie in memory of its caller's.
  bool lends() const noexcept { return spec_.elements.payload.lends(); }
  std::size_t element_count() const noexcept { return total_; }
  void append(detail::Elements more);
  void drop_arguments() noexcept { later_.clear(); }

  /// `count` results from `first`, as they came: see Piece.
  void deliver(std::size_t first, std::size_t count, std::uint32_t stride, bool folded,
               std::span<const std::byte> results);
  void deliver(std::size_t index, std::unique_ptr<detail::Failure> failure);
  /// The last thing that happens to it. `error`: why the whole job failed, null when its elements
  /// tell. Returns the callbacks to call.
  std::vector<std::function<void()>> finish(std::exception_ptr error);

 private:
  static constexpr std::uint32_t finished_bit = 1;
  static constexpr std::uint32_t event = 2;
  bool sleep(std::uint32_t seen, const detail::Deadline& deadline);
  void notify(std::uint32_t change) noexcept;
  Segment* segment(std::size_t index) const;
  void release_arguments(std::size_t first, std::size_t count);
  void arrived(std::size_t first, std::size_t count);
  void store(detail::Piece piece);

  const std::weak_ptr<Core> core_;
  detail::JobSpec spec_;
  std::vector<std::shared_ptr<Segment>> later_;  // those that a stream got after
  std::size_t total_ = 0;

  std::atomic<std::uint32_t> signal_{
      0};  // finished_bit, and a count of events above it: what waiters sleep on
  std::atomic<std::uint32_t> waiters_{0};
  std::atomic<std::size_t> done_{0};
  mutable std::atomic<bool> observed_{true};  // false: its error is to be reported
  mutable std::mutex mutex_;
  detail::Piece only_;                      // of a single; likewise
  std::vector<detail::Piece> pieces_;       // guarded by mutex_ until finished, constant after
  std::unique_ptr<detail::Piece> failure_;  // of the element that error() tells; likewise
  std::exception_ptr error_;                // likewise
  std::vector<std::function<void()>> callbacks_;  // guarded by mutex_
};

}  // namespace brood::pool

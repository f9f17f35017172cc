#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "base/mutex.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/calls/stream_reader.hpp"

namespace brood::pool {

class Core;

/// Arguments that a stream got later: elements [first, first + elements.count) of the job.
struct Segment {
  std::size_t first = 0;
  detail::Elements elements;
  std::size_t resolved = 0;
  std::uint64_t group = 0;  // see CallJob::group; 0: the job's
};

/// One call: its arguments, which the dispatcher sends, and its results, which callers wait for.
class CallState final : public detail::Job,
                        public CallJob,
                        public std::enable_shared_from_this<CallState> {
 public:
  CallState(std::weak_ptr<Core> core, detail::JobSpec&& spec);
  ~CallState() override;

  // --- callers; any thread ---
  bool finished() const noexcept override {
    return (signal_.load(std::memory_order_acquire) & finished_bit) != 0;
  }
  bool wait(const detail::Deadline& deadline) override;
  std::vector<detail::Piece> take_pieces(const detail::Deadline& deadline) override;
  std::span<const detail::Piece> pieces() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS;
  std::exception_ptr error() const override BROOD_NO_THREAD_SAFETY_ANALYSIS;
  bool failed() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return error_ != nullptr || failure_ != nullptr;
  }
  void report_unobserved() noexcept override { observed_.store(false, std::memory_order_relaxed); }
  std::size_t done() const noexcept override { return done_.load(std::memory_order_acquire); }
  bool cancel(Kill kill) override;
  void when_finished(std::function<void()> callback) override;
  detail::Intake intake() override;
  void extend(detail::Elements more, bool last) override;

  // --- the core, under its lock ---
  std::optional<std::size_t> place;  // in a batch, whose id this one has
  const detail::JobSpec& spec() const noexcept { return spec_; }
  JobTraits traits() const;
  std::size_t element_count() const noexcept override { return total_; }
  detail::ResultShape result_shape() const noexcept override { return spec_.results; }
  bool borrows() const noexcept override { return spec_.elements.payload.borrows(); }
  std::size_t index_in_call(std::size_t element) const noexcept override { return element; }
  const detail::CallTerms& terms() const noexcept override { return *spec_.terms; }
  std::span<const std::byte> definition() const noexcept override {
    return spec_.definition->bytes.view();
  }
  /// Not with descriptors: it is the end of a definition that tells the worker to drop them.
  bool self_contained() const noexcept override { return whole() && !has_attachments(); }
  /// Whether there are shared objects in what it brought.
  bool has_attachments() const noexcept;
  std::array<std::span<const detail::DescriptorRef>, 2> attached(
      std::size_t first) const noexcept override;
  std::uint64_t group(std::size_t first) const noexcept override;
  std::uint64_t oldest_group() const noexcept override;
  bool whole() const noexcept override { return spec_.kind == detail::JobKind::single; }
  std::size_t stride(std::size_t first) const noexcept override;
  /// Small ones are copied, larger ones stay where they are until they are written.
  void append_arguments(Outbox& outbox, detail::Bytes& tail, std::size_t frame, std::size_t first,
                        std::size_t count) const override;
  void append(detail::Elements more);

  void deliver(const Results& results, Callbacks& callbacks) override;
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            Callbacks& callbacks) override;
  void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept override;
  bool waits_for_caller() const noexcept override {
    return spec_.kind == detail::JobKind::stream && !cut_short_ && reader_.cannot_go_on();
  }
  void cut_short() noexcept override { cut_short_ = true; }
  bool is_cut_short() const noexcept { return cut_short_; }
  StreamReader& reader() noexcept { return reader_; }
  void drop_arguments() noexcept override {
    later_.clear();
    spec_.elements.payload = {};
  }
  /// The result of a call in a batch, and its end.
  void conclude(const Results& results, Callbacks& callbacks);

 private:
  static constexpr std::uint32_t finished_bit = 1;
  static constexpr std::uint32_t event = 2;
  using Waiters = std::atomic<std::uint32_t>;
  bool sleep(std::uint32_t seen, const detail::Deadline& deadline, Waiters& waiters);
  void check_process() const;
  void wake() noexcept;
  /// Gives the lock back.
  void end(Callbacks& callbacks) noexcept BROOD_RELEASE(mutex_);
  /// What brought element `index`; null: the job came with it.
  std::shared_ptr<Segment> segment(std::size_t index) const;
  void release_arguments(std::size_t first, std::size_t count);
  /// Before the outcome can be taken: a thread that has it finds it counted.
  void count_done(std::size_t count) { done_.fetch_add(count, std::memory_order_release); }
  void copy_to_target(const Results& results);
  void arrived(std::size_t first, std::size_t count);
  void store(detail::Piece piece) BROOD_REQUIRES(mutex_);

  const std::weak_ptr<Core> core_;
  const unsigned generation_;  // see platform::fork_generation
  detail::JobSpec spec_;
  // The core's lock guards these. It is not annotated: a call has no name for it.
  StreamReader reader_;
  bool cut_short_ = false;                       // see intake() for its reads without the lock
  std::vector<std::shared_ptr<Segment>> later_;  // those that a stream got after
  std::size_t total_ = 0;

  std::atomic<std::uint32_t> signal_{
      0};  // finished_bit, and a count of events above it: what waiters sleep on
  // A thread that wants the end alone is not woken for each piece.
  Waiters waiting_for_end_{0}, waiting_for_pieces_{0};
  std::atomic<std::size_t> done_{0};
  mutable std::atomic<bool> observed_{true};  // false: its error is to be reported
  mutable base::Mutex mutex_;
  // Constant when it is finished: pieces(), failed() and error() then read them without the lock,
  // and are not analysed.
  std::vector<detail::Piece> pieces_ BROOD_GUARDED_BY(mutex_);
  detail::Piece only_ BROOD_GUARDED_BY(mutex_);                      // of a single
  std::unique_ptr<detail::Piece> failure_ BROOD_GUARDED_BY(mutex_);  // what error() tells
  std::exception_ptr error_ BROOD_GUARDED_BY(mutex_);
  Callbacks::Calls callbacks_ BROOD_GUARDED_BY(mutex_);
};

}  // namespace brood::pool

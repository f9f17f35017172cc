#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "base/mutex.hpp"
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_arguments.hpp"
#include "pool/calls/call_host.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/calls/call_outcome.hpp"
#include "pool/calls/completion.hpp"
#include "pool/calls/stream_reader.hpp"

namespace brood::pool {

/// One call: its arguments, which the dispatcher sends, and its results, which callers wait for.
class CallState final : public detail::Job, public CallJob {
 public:
  CallState(std::weak_ptr<CallHost> pool, detail::JobSpec&& spec);
  ~CallState() override;

  // --- callers; any thread ---
  bool finished() const noexcept override { return completion_.finished(); }
  bool wait(const detail::Deadline& deadline) override;
  std::vector<detail::Piece> take_pieces(const detail::Deadline& deadline) override;
  std::span<const detail::Piece> pieces() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return outcome_.pieces();
  }
  std::exception_ptr error() const override BROOD_NO_THREAD_SAFETY_ANALYSIS;
  bool failed() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return outcome_.failed();
  }
  void report_unobserved() noexcept override { observed_.store(false, std::memory_order_relaxed); }
  std::size_t done() const noexcept override { return done_.load(std::memory_order_acquire); }
  bool cancel(Kill kill) override;
  void when_finished(std::function<void()> callback) override;
  detail::Intake intake() override BROOD_NO_THREAD_SAFETY_ANALYSIS;
  void extend(detail::Elements more, detail::Input input) override;

  // --- the core, under its lock ---
  /// Its index in the batch whose id it has.
  std::optional<std::size_t> index_in_batch BROOD_GUARDED_BY(core_lock);
  JobTraits traits() const BROOD_REQUIRES(core_lock);
  bool is_stream() const noexcept { return kind_ == detail::JobKind::stream; }
  const CallArguments& arguments() const noexcept override BROOD_REQUIRES(core_lock) {
    return arguments_;
  }
  void append(detail::Elements&& more) BROOD_REQUIRES(core_lock) {
    arguments_.extend(std::move(more));
  }
  void drop_arguments() noexcept override BROOD_REQUIRES(core_lock) { arguments_.drop(); }
  bool cut_short() noexcept override BROOD_REQUIRES(core_lock);
  bool is_cut_short() const noexcept BROOD_REQUIRES(core_lock) { return cut_short_; }
  StreamReader& reader() noexcept BROOD_REQUIRES(core_lock) { return reader_; }

  void deliver(const ArrivedResults& results, Callbacks& callbacks) override
      BROOD_REQUIRES(core_lock);
  void fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
            Callbacks& callbacks) override BROOD_REQUIRES(core_lock);
  void finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept override
      BROOD_REQUIRES(core_lock);
  /// The result of a call in a batch, and its end.
  void conclude(const ArrivedResults& results, Callbacks& callbacks) BROOD_REQUIRES(core_lock);

 private:
  bool sleep(std::uint32_t seen, const detail::Deadline& deadline, Completion::Until until);
  /// Gives the lock back.
  void end(Callbacks& callbacks) noexcept BROOD_RELEASE(mutex_);
  void keep(detail::Piece&& piece);

  const std::weak_ptr<CallHost> pool_;
  const detail::JobKind kind_;
  const detail::ErrorPolicy policy_;
  const std::size_t chunk_;
  std::byte* const target_;
  CallArguments arguments_ BROOD_GUARDED_BY(core_lock);
  StreamReader reader_;
  // Its reader reads it without the lock: see intake().
  bool cut_short_ BROOD_GUARDED_BY(core_lock) = false;

  Completion completion_;
  std::atomic<std::size_t> done_{0};
  mutable std::atomic<bool> observed_{true};  // false: its error is to be reported
  mutable base::Mutex mutex_;
  // Constant when the call is finished: pieces(), failed() and error() then read it without the
  // lock, and are not analysed.
  CallOutcome outcome_ BROOD_GUARDED_BY(mutex_);
  Callbacks::Calls callbacks_ BROOD_GUARDED_BY(mutex_);
};

}  // namespace brood::pool

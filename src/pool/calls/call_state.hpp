#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "base/mutex.hpp"
#include "pool/base/core_lock.hpp"
#include "pool/calls/awaited_call.hpp"
#include "pool/calls/call_arguments.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/calls/call_results.hpp"
#include "pool/calls/stream_reader.hpp"

namespace brood::pool {

/// A call that is a job of its own: its arguments, which the dispatcher sends, and its results,
/// which callers wait for.
class CallState final : public AwaitedCall, public CallJob {
 public:
  CallState(std::weak_ptr<PoolForCalls> pool, detail::JobSpec&& spec);

  // --- callers; any thread ---
  bool finished() const noexcept override { return AwaitedCall::finished(); }
  std::vector<detail::Piece> take_pieces(const detail::Deadline& deadline) override;
  std::span<const detail::Piece> pieces() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return results_.pieces();
  }
  std::size_t done() const noexcept override { return done_.load(std::memory_order_acquire); }
  std::size_t failures() const noexcept override {
    return failures_.load(std::memory_order_relaxed);
  }
  detail::Intake intake() override BROOD_NO_THREAD_SAFETY_ANALYSIS;
  void extend(detail::Elements more, detail::Input input) override;

  // --- the core, under its lock ---
  std::optional<ElementId> element_id() const noexcept override BROOD_REQUIRES(core_lock) {
    return ElementId{id, Action::all};
  }
  JobTraits traits() const BROOD_REQUIRES(core_lock);
  /// When its caller has left it, where times are recorded.
  Time queued() const noexcept { return queued_; }
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
      BROOD_REQUIRES(core_lock) {
    conclude(error, callbacks);
  }

 private:
  void keep(detail::Piece&& piece) BROOD_REQUIRES(core_lock);

  const detail::JobKind kind_;
  const detail::ErrorPolicy policy_;
  const std::size_t chunk_;
  const Time queued_;
  std::byte* const target_;
  CallArguments arguments_ BROOD_GUARDED_BY(core_lock);
  StreamReader reader_;
  // Its reader reads it without the lock: see intake().
  bool cut_short_ BROOD_GUARDED_BY(core_lock) = false;

  std::atomic<std::size_t> done_{0}, failures_{0};
  mutable base::Mutex mutex_;
  // Constant when the call is finished: pieces() then reads it without the lock, and is not
  // analysed.
  CallResults results_ BROOD_GUARDED_BY(mutex_);
};

}  // namespace brood::pool

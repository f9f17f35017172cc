#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/awaited_call.hpp"
#include "pool/calls/call_job.hpp"

namespace brood::pool {

/// A call of one element with a small argument: an element of a CallBatch, which has the argument,
/// and all that the calls have in common. There may be millions, so it has what no call can do
/// without: README.md, "Calls that travel together". Threads: any.
class SmallCall final : public AwaitedCall {
 public:
  /// Whether a call can be one.
  static bool fits(const detail::JobSpec& spec) noexcept;
  explicit SmallCall(std::weak_ptr<PoolForCalls> pool) : AwaitedCall(std::move(pool)) {}

  // --- callers; any thread ---
  std::vector<detail::Piece> take_pieces(const detail::Deadline& deadline) override;
  // Constant when the call is finished: finished() reads an atomic that is stored under the core's
  // lock, so these three need no lock. clang, which follows locks alone, cannot see that.
  std::span<const detail::Piece> pieces() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return {&result_, 1};
  }
  std::size_t done() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return finished() && !failure_.is_of_all() ? 1 : 0;
  }
  std::size_t failures() const noexcept override BROOD_NO_THREAD_SAFETY_ANALYSIS {
    return finished() && failure_.has_come() && !failure_.is_of_all() ? 1 : 0;
  }
  // It is no stream.
  detail::Intake intake() override { return detail::Intake::ended; }
  void extend(detail::Elements, detail::Input) override {}

  // --- its batch, under the core's lock ---
  void set_index(JobId batch, std::size_t index) noexcept BROOD_REQUIRES(core_lock);
  std::optional<ElementId> element_id() const noexcept override BROOD_REQUIRES(core_lock);
  /// Its end, with a result or a failure. Throws std::bad_alloc: then nothing has changed.
  void succeed(const ArrivedResults& results, Callbacks& callbacks) BROOD_REQUIRES(core_lock);
  void fail(std::unique_ptr<detail::Failure> failure, Callbacks& callbacks)
      BROOD_REQUIRES(core_lock);

 private:
  std::uint32_t index_ BROOD_GUARDED_BY(core_lock) = 0;
  JobId batch_ BROOD_GUARDED_BY(core_lock) = 0;  // 0: it is not in one yet
  // Constant when the call is finished: pieces() then reads it without the lock.
  detail::Piece result_ BROOD_GUARDED_BY(core_lock);
};

}  // namespace brood::pool

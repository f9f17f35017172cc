#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <brood/detail/pool/run.hpp>

namespace brood::detail {

/// What the worker may do to a Run.
class RunAccess {
 public:
  struct Begin {
    OutcomeSink* sink;
    std::atomic<std::uint64_t>* claimed;
    const std::atomic<std::uint64_t>* revocation;
    std::atomic<std::uint64_t>* head;
    std::size_t record_limit;
    std::uint64_t sequence, first, count, stride;
    std::uint32_t attempt;
    bool barrier, timed, measured, raw_argument, separate_calls;
    Reader arguments;
  };
  static void begin(Run& run, const Begin& values) noexcept {
    run.sink_ = values.sink;
    run.claimed_ = values.claimed;
    run.revocation_ = values.revocation;
    run.head_ = values.head;
    run.record_limit_ = values.record_limit;
    run.position_ = values.sequence;
    run.index_of_zero_ = values.first - values.sequence;
    run.left_ = values.count;
    run.stride_ = values.stride;
    run.attempt_ = values.attempt;
    run.retry_if_ = nullptr;
    run.barrier_ = values.barrier;
    measure(run, values.timed, values.measured);
    run.raw_argument_ = values.raw_argument;
    run.separate_calls_ = values.separate_calls;
    run.arguments_ = values.arguments;
    point(run, {}, 0);
  }
  static void function(Run& run, std::span<const std::byte> state,
                       std::shared_ptr<void>& cache) noexcept {
    run.function_bytes_ = state;
    run.function_cache_ = &cache;
  }
  static void ask(Run& run, bool (*retry_if)(std::exception_ptr)) noexcept {
    run.retry_if_ = retry_if;
  }
  /// Whether the exception in flight is one to try again for.
  static bool retryable(const Run& run) noexcept;
  /// Of the claimed element, in the worker's sequence.
  static std::uint64_t position(const Run& run) noexcept { return run.position_ - 1; }
  /// The results of a new frame go there, from this position of the result stream on.
  static void point(Run& run, std::span<std::byte> room, std::uint64_t position) noexcept {
    run.frame_ = run.cursor_ = room.data();
    run.frame_position_ = position;
    run.limit_ = room.data() + room.size();
    run.in_frame_ = 0;
  }
  /// Which stages of the elements that come next the sink is told of.
  static void measure(Run& run, bool timed, bool measured) noexcept {
    run.timed_ = timed;
    run.measured_ = measured;
  }
  /// Of the element that is claimed next, in the worker's sequence.
  static std::uint64_t next_position(const Run& run) noexcept { return run.position_; }
  /// Bytes in front of `end` that the open frame has not.
  static std::size_t left_before(const Run& run, const std::byte* end) noexcept {
    return static_cast<std::size_t>(end - run.cursor_);
  }
  /// The frame has room for `count` more bytes before the sink is asked again.
  static void bound(Run& run, std::size_t count) noexcept { run.limit_ = run.cursor_ + count; }
  /// Ends the frame: the results in it.
  static std::size_t close(Run& run) noexcept {
    const std::size_t count = run.in_frame_;
    point(run, {}, 0);
    return count;
  }
};

}  // namespace brood::detail

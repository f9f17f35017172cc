#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>

#include "pool/scheduler/types.hpp"
#include "protocol/messages.hpp"

namespace brood::pool {

/// Consecutive elements on their way through one worker, and what they have in common.
struct Flight {
  JobId job = 0;
  std::uint32_t call = 0;      // of the timeline
  std::size_t first = 0;       // element of the job
  std::size_t offset = 0;      // of the timeline's index
  std::uint64_t sequence = 0;  // position of the first one
  std::size_t count = 0;
  std::uint32_t attempt = 1;
  Time queued{}, sent{};

  std::uint64_t end() const noexcept { return sequence + count; }
  bool has(std::uint64_t position) const noexcept {
    return sequence <= position && position < end();
  }
  bool has(JobId its_job, std::size_t element) const noexcept {
    return job == its_job && first <= element && element - first < count;
  }
  /// Takes so many from its beginning.
  Flight take(std::size_t number) noexcept;
};

/// What has become of elements.
struct Landing {
  Flight elements;
  Time arrived{};
  std::uint8_t outcome = 0;         // an OutcomeKind
  std::uint32_t text = 0xffffffff;  // of the timeline; none
};

/// The elements that one worker process has been sent and that are not told of. It brings outcomes
/// and times together, which come apart: README.md. Pure.
class Flights {
 public:
  /// What is told of one element, or, without times, of several.
  struct Told {
    Landing landing;
    std::optional<protocol::ElementTimes> times;
    std::uint64_t stands_for = 1;  // elements: those in front of it were not measured
  };

  void sent(const Flight& flight) { flying_.push_back(flight); }
  /// Elements from `sequence` on have this outcome. The landing is completed here.
  void landed(std::uint64_t sequence, std::size_t count, Landing landing);
  void timed(std::span<const protocol::ElementTimes> times);
  /// What has been taken back, up to this position.
  void skipped(std::uint64_t fence);
  /// The next that there is to tell.
  std::optional<Told> next();
  /// The same when nothing more comes: the worker is gone.
  std::optional<Told> next_of_rest();

  /// The flight of an element that has no outcome; null: it has none.
  const Flight* find(JobId job, std::size_t element) const noexcept;
  const Flight* find(std::uint64_t position) const noexcept;
  std::uint64_t last_end() const noexcept { return last_end_; }

 private:
  std::optional<Told> take_front(std::size_t count);

  std::deque<Flight> flying_;                 // in the order of the sequence; no outcome yet
  std::deque<Landing> landed_;                // likewise; no times yet
  std::deque<protocol::ElementTimes> timed_;  // no outcome yet
  std::uint64_t unmeasured_ = 0;              // elements since the last one with times
  std::uint64_t last_end_ = 0;                // ns, of the last element with times
};

}  // namespace brood::pool

#include "worker/element_timer.hpp"

#include <algorithm>

namespace brood::worker {

namespace {

constexpr std::uint64_t longest_kept = 100'000;  // ns
// Two looks at the clock and a row take less than a tenth of this.
constexpr std::uint64_t between_rows = 1000;  // ns
constexpr std::uint64_t most_passed = 1024;   // elements
constexpr std::uint64_t first_ones = 16;      // elements of a chunk

}  // namespace

void ElementTimer::begin_chunk(std::uint64_t position, std::uint64_t now) {
  rows_.reserve(most_);
  is_on_ = true;
  is_open_ = false;
  mode_ = Mode::all;
  step_ = 1;
  mark_ = last_ = now;
  mark_position_ = position;
}

void ElementTimer::begin(std::uint64_t position, std::uint64_t now) noexcept {
  row_ = {.sequence = position, .begun = now, .running = 0, .encoding = 0, .encoded = 0};
  is_open_ = true;
}

// What takes no time worth telling has not been noted: to decode and to encode numbers.
void ElementTimer::end(std::uint64_t now) noexcept {
  if (!is_open_) return;
  is_open_ = false;
  row_.encoded = last_ = std::max(now, row_.begun);
  row_.running = std::max(row_.running, row_.begun);
  if (row_.encoding == 0) row_.encoding = row_.encoded;
  if (rows_.size() < most_) rows_.push_back(row_);  // there is memory for it
}

void ElementTimer::fail(std::uint64_t position, std::uint64_t now) noexcept {
  if (!is_open_ && step_ > 1) begin(position, last_);
  end(now);
}

std::uint64_t ElementTimer::step_for(std::uint64_t position, std::uint64_t now) const noexcept {
  const std::uint64_t elements = std::max<std::uint64_t>(position - mark_position_, 1);
  const std::uint64_t each = std::max<std::uint64_t>((now - mark_) / elements, 1);
  return std::clamp<std::uint64_t>(between_rows / each, 1, most_passed);
}

ElementTimer::Mode ElementTimer::next(std::uint64_t position, std::uint64_t now) noexcept {
  if (mode_ == Mode::passing) return mode_ = Mode::one;
  if (mode_ == Mode::all && position - mark_position_ < first_ones) return mode_;
  step_ = step_for(position, now);
  mark_ = now;
  mark_position_ = position;
  return mode_ = step_ == 1 ? Mode::all : Mode::passing;
}

bool ElementTimer::is_due(std::uint64_t now) const noexcept {
  return !rows_.empty() && (rows_.size() == most_ || now - rows_.front().begun > longest_kept);
}

}  // namespace brood::worker

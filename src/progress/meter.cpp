#include "progress/meter.hpp"

#include <algorithm>
#include <chrono>

#include "progress/text.hpp"

namespace brood::progress {

namespace {
constexpr std::chrono::seconds between_plain_lines{5};
}

Meter::Meter(std::string_view label, Time made)
    : label_(one_line(label)), idle_since_(made), start_(made), rate_(made) {}

void Meter::begin(Time now) {
  running_ = true;
  start_ = now;
  rate_ = Rate(now);
  progress_ = {};
  next_plain_line_ = now + between_plain_lines;
}

// A call that is first heard of when elements have ended began before.
bool Meter::update(const Progress& progress, Time now) {
  if (!running_ || is_of_next_call(progress)) begin(progress.done == 0 ? now : idle_since_);
  rate_.add(progress.done - progress_.done, now);
  progress_ = progress;
  idle_since_ = now;
  running_ = progress.total == 0 || progress.done < progress.total;
  return !running_;
}

View Meter::view(Time now) const {
  return {label_, progress_, rate_.per_second(now), now - start_};
}

bool Meter::plain_line_is_due(Time now) {
  if (!running_ || now < next_plain_line_) return false;
  next_plain_line_ = now + std::max<Time::duration>(between_plain_lines, (now - start_) / 10);
  return true;
}

}  // namespace brood::progress

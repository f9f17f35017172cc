#include "pool/record/flights.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

namespace {
constexpr std::size_t most_waiting = 4096;  // for times that a worker does not tell
}  // namespace

Flight Flight::take(std::size_t number) noexcept {
  Flight taken = *this;
  taken.count = number;
  first += number;
  sequence += number;
  count -= number;
  return taken;
}

// The driver has checked that the worker was sent these, and in this order.
void Flights::landed(std::uint64_t sequence, std::size_t count, Landing landing) {
  while (!flying_.empty() && flying_.front().end() <= sequence) flying_.pop_front();
  if (flying_.empty()) return;
  Flight& front = flying_.front();
  if (front.sequence < sequence) front.take(static_cast<std::size_t>(sequence - front.sequence));
  landing.elements = front;
  landing.elements.count = std::min(count, front.count);
  landed_.push_back(landing);
  front.take(landing.elements.count);
  if (front.count == 0) flying_.pop_front();
}

void Flights::timed(std::span<const protocol::ElementTimes> times) {
  timed_.insert(timed_.end(), times.begin(), times.end());
  last_end_ = times.back().encoded;
}

void Flights::skipped(std::uint64_t fence) {
  while (!flying_.empty() && flying_.front().sequence < fence) flying_.pop_front();
}

std::optional<Flights::Told> Flights::take_front(std::size_t count) {
  Landing& front = landed_.front();
  Told told{.landing = front, .times = {}};
  told.landing.elements = front.elements.take(count);
  if (front.elements.count == 0) landed_.pop_front();
  return told;
}

// Elements in front of one with times have not been measured. Of these only those that have failed
// are told of.
std::optional<Flights::Told> Flights::next() {
  while (!landed_.empty() && !timed_.empty()) {
    const protocol::ElementTimes& times = timed_.front();
    const Flight& elements = landed_.front().elements;
    if (times.sequence < elements.sequence) {
      timed_.pop_front();
    } else if (elements.has(times.sequence)) {
      const auto passed = static_cast<std::size_t>(times.sequence - elements.sequence);
      if (passed != 0) landed_.front().elements.take(passed);
      std::optional<Told> told = take_front(1);
      told->times = times;
      told->stands_for = std::exchange(unmeasured_, 0) + passed + 1;
      timed_.pop_front();
      return told;
    } else {
      if (landed_.front().outcome != 0) return take_front(elements.count);
      unmeasured_ += elements.count;
      landed_.pop_front();
    }
  }
  if (landed_.size() > most_waiting) return take_front(landed_.front().elements.count);
  return std::nullopt;
}

std::optional<Flights::Told> Flights::next_of_rest() {
  if (std::optional<Told> told = next()) return told;
  if (landed_.empty()) return std::nullopt;
  return take_front(landed_.front().elements.count);
}

const Flight* Flights::find(JobId job, std::size_t element) const noexcept {
  const auto found = std::find_if(flying_.begin(), flying_.end(),
                                  [&](const Flight& flight) { return flight.has(job, element); });
  return found == flying_.end() ? nullptr : &*found;
}

const Flight* Flights::find(std::uint64_t position) const noexcept {
  const auto found = std::find_if(flying_.begin(), flying_.end(),
                                  [&](const Flight& flight) { return flight.has(position); });
  return found == flying_.end() ? nullptr : &*found;
}

}  // namespace brood::pool

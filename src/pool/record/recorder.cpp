#include "pool/record/recorder.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace brood::pool {

namespace {

constexpr std::size_t longest_text = 400;  // bytes

// Cut between characters.
std::string_view shortened_text(std::string_view text) {
  if (text.size() <= longest_text) return text;
  std::size_t end = longest_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

trace::TimelineHistogram for_timeline(const Histogram& times) {
  trace::TimelineHistogram all;
  for (const Histogram::Bucket& bucket : times.buckets())
    all.emplace_back(static_cast<std::int64_t>(bucket.upper), bucket.count);
  return all;
}

}  // namespace

Recorder::Recorder(std::size_t slots, Keep keep, Time start, const Sizes& sizes)
    : keep_(keep), sizes_(sizes), start_(start), slots_(slots), elements_(sizes.elements) {}

template <class Note>
void Recorder::note(Note body) noexcept {
  if (stopped_ != nullptr) return;
  try {
    body();
  } catch (...) {
    stopped_ = "there was no memory for more";
  }
}

std::int64_t Recorder::in_trace(Time time) const noexcept {
  if (time == Time{}) return trace::unknown_time;
  return std::max<std::int64_t>((time - start_).count(), 0);
}

// The clock of std::chrono::steady_clock.
std::int64_t Recorder::in_trace(std::uint64_t clock) const noexcept {
  constexpr auto last = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  return in_trace(Time{Nanoseconds(static_cast<std::int64_t>(std::min(clock, last)))});
}

// --- jobs ---

void Recorder::added(JobId job, std::size_t count, Time queued, CallsOfRecord::Kind kind,
                     std::span<const std::byte> definition) noexcept {
  note([&] { calls_.add(job, count, queued, in_trace(queued), kind, definition); });
}

void Recorder::extended(JobId job, std::size_t count, Time queued) noexcept {
  note([&] { calls_.extend(job, count, queued); });
}

void Recorder::finished(JobId job, Time now) noexcept {
  note([&] { calls_.finish(job, in_trace(now)); });
}

void Recorder::over(JobId job) noexcept {
  note([&] { calls_.close(job); });
}

void Recorder::cancelled(Time now) noexcept {
  note([&] { mark(trace::MarkKind::cancel, trace::none, now, "cancelled"); });
}

// --- elements ---

void Recorder::sent(const Assignment& assignment, Time now) noexcept {
  note([&] {
    if (const auto flight = calls_.flight(assignment, now))
      slots_[assignment.worker].flights.sent(*flight);
  });
}

void Recorder::timed(WorkerId worker, std::span<const protocol::ElementTimes> times) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    slot.flights.timed(times);
    while (const auto told = slot.flights.next()) tell(slot, *told);
  });
}

void Recorder::returned(WorkerId worker, std::uint64_t sequence, std::size_t count,
                        Time now) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    returned_ += count;
    if (slot.worker != trace::none) timeline_.workers[slot.worker].elements += count;
    slot.flights.landed(sequence, count, {.elements = {}, .arrived = now});
    while (const auto told = slot.flights.next()) tell(slot, *told);
  });
}

void Recorder::threw(WorkerId worker, std::uint64_t sequence, std::string_view text, bool again,
                     Time now) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    if (slot.worker != trace::none) ++timeline_.workers[slot.worker].elements;
    const Flight* const flight = slot.flights.find(sequence);
    if (again && flight != nullptr) {
      const auto element = flight->first + static_cast<std::size_t>(sequence - flight->sequence);
      calls_.queue_again(flight->job, element, now);
    }
    slot.flights.landed(sequence, 1,
                        {.elements = {},
                         .arrived = now,
                         .outcome = static_cast<std::uint8_t>(OutcomeKind::exception),
                         .text = text_number(text)});
    while (const auto told = slot.flights.next()) tell(slot, *told);
  });
}

void Recorder::lost(WorkerId worker, JobId job, std::size_t element, OutcomeKind kind,
                    std::string_view text, bool again, Time now) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    if (again) calls_.queue_again(job, element, now);
    if (kind == OutcomeKind::timeout) mark(trace::MarkKind::timeout, slot.worker, now, text);
    if (const Flight* const flight = slot.flights.find(job, element))
      tell_of_dying(slot, *flight, element, kind, text_number(text), now);
  });
}

trace::TimelineElement Recorder::element_of(const Slot& slot, const Landing& landing) const {
  const Flight& flight = landing.elements;
  trace::TimelineElement element;
  element.call = flight.call;
  element.worker = slot.worker;
  element.index = flight.offset + flight.first;
  element.attempt = flight.attempt;
  element.text = landing.text;
  element.queued = in_trace(flight.queued);
  element.sent = in_trace(flight.sent);
  element.arrived = std::max(in_trace(landing.arrived), element.sent);
  element.outcome = landing.outcome;
  return element;
}

// The worker's times lie between those of its owner, whatever it says.
// Of the elements that this one stands for: together no more than there was, whatever the worker
// tells.
std::int64_t Recorder::time_of(const trace::TimelineElement& element,
                               std::uint64_t stands_for) noexcept {
  const std::int64_t each = element.encoded - element.begun;
  const std::int64_t most = element.arrived - element.sent;
  const auto number = static_cast<std::int64_t>(std::min<std::uint64_t>(stands_for, 1u << 30));
  return number != 0 && each > most / number ? most : each * number;
}

void Recorder::tell(const Slot& slot, const Flights::Told& told) {
  trace::TimelineElement element = element_of(slot, told.landing);
  if (told.times) {
    const auto between = [&](std::uint64_t clock) {
      return std::clamp(in_trace(clock), element.sent, element.arrived);
    };
    element.begun = between(told.times->begun);
    element.running = between(told.times->running);
    element.encoding = between(told.times->encoding);
    element.encoded = between(told.times->encoded);
    count(element, told.stands_for);
    if (slot.worker != trace::none)
      timeline_.workers[slot.worker].busy += time_of(element, told.stands_for);
  }
  for (std::size_t i = 0; i < told.landing.elements.count; ++i) {
    keep(element);
    ++element.index;
  }
}

void Recorder::count(const trace::TimelineElement& element, std::uint64_t times) {
  const auto add = [times](Histogram& histogram, std::int64_t from, std::int64_t to) {
    histogram.add(static_cast<std::uint64_t>(to - from), times);
  };
  add(waiting_, element.queued, element.begun);
  add(decoding_, element.begun, element.running);
  add(running_, element.running, element.encoding);
  add(encoding_, element.encoding, element.encoded);
}

void Recorder::keep(const trace::TimelineElement& element) {
  if (!has_timeline() || elements_.add(element, running_)) return;
  stopped_ = "there were more failures than it may keep";
}

// What ran began when the page's clock says, if that is of this element; the owner bounds it.
void Recorder::tell_of_dying(Slot& slot, const Flight& flight, std::size_t element,
                             OutcomeKind kind, std::uint32_t text, Time now) {
  Landing landing{
      .elements = flight, .arrived = now, .outcome = static_cast<std::uint8_t>(kind), .text = text};
  landing.elements.first = element;
  trace::TimelineElement dying = element_of(slot, landing);
  const std::uint64_t position = flight.sequence + (element - flight.first);
  if (slot.running == position + 1) {
    slot.running = 0;
    const std::int64_t earliest = std::max(dying.sent, in_trace(slot.flights.last_end()));
    dying.begun =
        std::clamp(in_trace(slot.clock), std::min(earliest, dying.arrived), dying.arrived);
    dying.running = dying.begun;
    if (slot.worker != trace::none)
      timeline_.workers[slot.worker].busy += dying.arrived - dying.begun;
  }
  keep(dying);
}

// --- workers ---

void Recorder::started(WorkerId worker, std::string_view name, int pid, Time asked,
                       Time now) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    const bool again = slot.worker != trace::none;
    if (!has_timeline()) return;
    if (timeline_.workers.size() >= sizes_.workers && again) return;
    trace::TimelineWorker process;
    process.name = name;
    process.pid = pid;
    process.slot = worker;
    process.asked = in_trace(asked);
    process.started = in_trace(now);
    timeline_.workers.push_back(std::move(process));
    slot.worker = static_cast<std::uint32_t>(timeline_.workers.size() - 1);
    if (again) mark(trace::MarkKind::restart, slot.worker, now, name);
  });
}

void Recorder::ready(WorkerId worker, Time now) noexcept {
  note([&] {
    const Slot& slot = slots_[worker];
    if (slot.worker != trace::none) timeline_.workers[slot.worker].ready = in_trace(now);
  });
}

void Recorder::revoked(WorkerId worker, Time now) noexcept {
  note([&] {
    mark(trace::MarkKind::revocation, slots_[worker].worker, now, "elements taken back");
  });
}

void Recorder::skipped(WorkerId worker, std::uint64_t fence) noexcept {
  note([&] { slots_[worker].flights.skipped(fence); });
}

void Recorder::logged(WorkerId worker, std::string_view text, Time now) noexcept {
  note([&] { mark(trace::MarkKind::log, slots_[worker].worker, now, text); });
}

void Recorder::gone(WorkerId worker, std::uint64_t begun, Time clock, std::string_view why,
                    Time now) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    end_flights(slot);
    slot.running = begun != 0 && slot.flights.find(begun - 1) != nullptr ? begun : 0;
    slot.clock = clock;
    if (slot.worker == trace::none) return;
    timeline_.workers[slot.worker].ended = in_trace(now);
    timeline_.workers[slot.worker].end = shortened_text(why);
    if (!why.empty()) mark(trace::MarkKind::death, slot.worker, now, why);
  });
}

// What ran for a call that has ended is in no report.
void Recorder::buried(WorkerId worker, Time now) noexcept {
  note([&] {
    Slot& slot = slots_[worker];
    if (slot.running != 0) {
      if (const Flight* const flight = slot.flights.find(slot.running - 1)) {
        const auto element =
            flight->first + static_cast<std::size_t>(slot.running - 1 - flight->sequence);
        tell_of_dying(slot, *flight, element, OutcomeKind::cancelled, trace::none, now);
      }
    }
    slot.flights = Flights();
    slot.running = 0;
  });
}

void Recorder::end_flights(Slot& slot) {
  while (const auto told = slot.flights.next_of_rest()) tell(slot, *told);
}

// --- what is kept ---

void Recorder::mark(trace::MarkKind kind, std::uint32_t worker, Time time, std::string_view text) {
  if (!has_timeline()) return;
  if (timeline_.marks.size() == sizes_.marks) {
    ++timeline_.marks_left_out;
    return;
  }
  timeline_.marks.push_back({in_trace(time), worker, kind, std::string(shortened_text(text))});
}

std::uint32_t Recorder::text_number(std::string_view text) {
  if (!has_timeline() || text.empty()) return trace::none;
  text = shortened_text(text);
  if (const auto known = texts_.find(text); known != texts_.end()) return known->second;
  if (texts_.size() >= sizes_.texts) return trace::none;
  const auto number = static_cast<std::uint32_t>(timeline_.texts.size());
  timeline_.texts.emplace_back(text);
  texts_.emplace(text, number);
  return number;
}

trace::Timeline Recorder::take(Time now) {
  if (stopped_ == nullptr) {
    for (Slot& slot : slots_) end_flights(slot);
  }
  const char* const stopped = std::exchange(stopped_, "it was taken");  // also if this throws
  trace::Timeline taken = std::exchange(timeline_, {});
  taken.length = in_trace(now);
  taken.calls = calls_.calls();
  taken.elements = std::exchange(elements_.elements(), {});
  const auto values = std::count_if(taken.elements.begin(), taken.elements.end(),
                                    [](const auto& element) { return element.outcome == 0; });
  taken.left_out = returned_ - std::min(returned_, static_cast<std::uint64_t>(values));
  if (taken.left_out != 0)
    taken.thinning =
        "Of the elements that ended with a value some are left out: those of less than 1 µs are "
        "sampled, and whenever there were " +
        std::to_string(sizes_.elements) +
        ", every second one went that is not among the slowest, and from then on as many of "
        "those that came. Failures are all here.";
  if (stopped != nullptr)
    taken.thinning += std::string(taken.thinning.empty() ? "" : " ") +
                      "The record stops before its pool: " + stopped + '.';
  taken.waiting = for_timeline(waiting_);
  taken.decoding = for_timeline(decoding_);
  taken.running = for_timeline(running_);
  taken.encoding = for_timeline(encoding_);
  return taken;
}

}  // namespace brood::pool

// make_page KIND: writes a page of a trace to stdout, for check_page.py, which knows what is in it.
// Kinds: empty, three, million, hostile.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include <brood/outcome.hpp>
#include "trace/html.hpp"

namespace {

using namespace brood::trace;
using brood::OutcomeKind;

constexpr std::int64_t ms = 1'000'000;

std::uint8_t number_of(OutcomeKind kind) { return static_cast<std::uint8_t>(kind); }

// Bounds a twentieth apart.
void count_time(std::map<std::int64_t, std::uint64_t>& buckets, std::int64_t time) {
  const double bucket =
      std::ceil(std::log(static_cast<double>(std::max<std::int64_t>(time, 1))) * 20);
  ++buckets[static_cast<std::int64_t>(std::exp(bucket / 20))];
}

void fill_histograms(Timeline& timeline) {
  std::map<std::int64_t, std::uint64_t> waiting, decoding, running, encoding;
  for (const TimelineElement& e : timeline.elements) {
    if (e.encoded < 0) continue;
    count_time(waiting, e.begun - e.queued);
    count_time(decoding, e.running - e.begun);
    count_time(running, e.encoding - e.running);
    count_time(encoding, e.encoded - e.encoding);
  }
  timeline.waiting.assign(waiting.begin(), waiting.end());
  timeline.decoding.assign(decoding.begin(), decoding.end());
  timeline.running.assign(running.begin(), running.end());
  timeline.encoding.assign(encoding.begin(), encoding.end());
}

TimelineWorker worker(std::uint32_t number, std::uint32_t slot, std::int64_t asked) {
  return {"ForkServerPoolWorker-" + std::to_string(number),
          4000 + std::int64_t{number},
          slot,
          asked,
          asked + 3 * ms,
          asked + 9 * ms,
          unknown_time,
          "",
          0,
          0};
}

// One element begun at this time, whose phases take so long.
TimelineElement element(std::uint32_t on, std::uint64_t index, std::int64_t begun,
                        std::int64_t decoding, std::int64_t running, std::int64_t encoding) {
  TimelineElement e;
  e.worker = on;
  e.index = index;
  e.queued = ms / 10;
  e.sent = std::max<std::int64_t>(begun - ms / 5, e.queued);
  e.begun = begun;
  e.running = begun + decoding;
  e.encoding = e.running + running;
  e.encoded = e.encoding + encoding;
  e.arrived = e.encoded + 40'000;
  return e;
}

// A value, an exception and a crash: times are told of the first two alone.
Timeline three() {
  Timeline timeline;
  timeline.program = "three";
  timeline.started = 1'764'590'400'000'000'000;
  timeline.length = 100 * ms;
  timeline.calls = {{"decode(Image const&)", 3, 0, 90 * ms}};
  timeline.workers = {worker(1, 0, 0), worker(2, 1, 0), worker(3, 1, 62 * ms)};
  timeline.elements = {element(0, 0, 10 * ms, ms, 40 * ms, 2 * ms),
                       element(1, 1, 10 * ms, 2 * ms, 20 * ms, ms),
                       element(1, 2, unknown_time, 0, 0, 0)};
  timeline.texts = {"std::runtime_error: no header", "signal 11 (SIGSEGV, Segmentation fault)"};
  timeline.elements[1].outcome = number_of(OutcomeKind::exception);
  timeline.elements[1].text = 0;
  TimelineElement& crashed = timeline.elements[2];
  crashed.sent = 9 * ms;
  crashed.running = crashed.encoding = crashed.encoded = unknown_time;
  crashed.arrived = 60 * ms;
  crashed.outcome = number_of(OutcomeKind::worker_lost);
  crashed.text = 1;
  timeline.workers[1].ended = 60 * ms;
  timeline.workers[1].end = timeline.texts[1];
  timeline.workers[0].elements = 1;
  timeline.workers[0].busy = 43 * ms;
  timeline.workers[1].elements = 2;
  timeline.workers[1].busy = 50 * ms;
  timeline.marks = {{60 * ms, 1, MarkKind::death, timeline.texts[1]},
                    {62 * ms, 2, MarkKind::restart, "replaces ForkServerPoolWorker-2"},
                    {30 * ms, 0, MarkKind::log, "read 3 tiles"}};
  fill_histograms(timeline);
  return timeline;
}

// Workers that are busy nearly all the time, and fail now and then. Each crash ends its worker.
class Million {
 public:
  Timeline make() {
    timeline_.program = "million";
    timeline_.started = 1'764'590'400'000'000'000;
    timeline_.calls = {{"simulate(Parameters const&)", count, 0, unknown_time}};
    timeline_.texts = {"std::out_of_range: no such key", "signal 11 (SIGSEGV, Segmentation fault)",
                       "ran longer than 5 ms", "cancelled"};
    for (std::uint32_t slot = 0; slot < slots; ++slot) fill_slot(slot);
    for (const TimelineElement& e : timeline_.elements)
      timeline_.length = std::max(timeline_.length, e.arrived);
    timeline_.calls[0].ended = timeline_.length;
    timeline_.left_out = 250'000;
    timeline_.thinning = "Of every two elements that ended well, the later was left out.";
    timeline_.calls[0].elements += timeline_.left_out;
    fill_histograms(timeline_);
    return std::move(timeline_);
  }

 private:
  static constexpr std::uint64_t count = 1'000'000;
  static constexpr std::uint32_t slots = 16;

  void fill_slot(std::uint32_t slot) {
    std::int64_t now = start_worker(slot, 0);
    for (std::uint64_t index = slot; index < count; index += slots) {
      const auto running = static_cast<std::int64_t>(40'000 * std::exp(spread_(dice_)));
      TimelineElement e =
          element(current_, index, now, 900 + as_time(dice_() % 400), running, 1500);
      now = e.encoded + 300;
      if (index % 50'000 == slot * 3000) now += 20 * ms;  // nothing to do for a while
      fail(e, index, now);
      timeline_.workers[current_].elements += 1;
      timeline_.workers[current_].busy += e.encoded < 0 ? e.arrived - e.begun : e.encoded - e.begun;
      timeline_.elements.push_back(e);
      if (e.outcome == number_of(OutcomeKind::worker_lost)) now = replace_worker(slot, e.arrived);
    }
  }
  static std::int64_t as_time(std::uint64_t number) { return static_cast<std::int64_t>(number); }

  // In each slot 80 elements throw, 10 crash and 10 time out, not at once in all of them.
  static void fail(TimelineElement& e, std::uint64_t index, std::int64_t& now) {
    const std::uint64_t number = index / slots + 1777 * (index % slots);
    if (number % 625 != 600) return;
    e.outcome = number_of(OutcomeKind::exception);
    e.text = 0;
    const bool crash = number % 6250 == 600;
    if (!crash && number % 6250 != 3725) return;
    e.outcome = number_of(crash ? OutcomeKind::worker_lost : OutcomeKind::timeout);
    e.text = crash ? 1 : 2;
    e.encoding = e.encoded = unknown_time;
    e.arrived = now = e.begun + (crash ? ms : 5 * ms);
  }

  std::int64_t start_worker(std::uint32_t slot, std::int64_t asked) {
    current_ = static_cast<std::uint32_t>(timeline_.workers.size());
    timeline_.workers.push_back(worker(current_ + 1, slot, asked));
    return timeline_.workers.back().ready;
  }
  std::int64_t replace_worker(std::uint32_t slot, std::int64_t died) {
    timeline_.workers[current_].ended = died;
    timeline_.workers[current_].end = timeline_.texts[1];
    timeline_.marks.push_back({died, current_, MarkKind::death, timeline_.texts[1]});
    const std::int64_t ready = start_worker(slot, died + ms);
    timeline_.marks.push_back({ready, current_, MarkKind::restart, "ready"});
    return ready;
  }

  Timeline timeline_;
  std::mt19937_64 dice_{1};
  std::normal_distribution<> spread_{0, 1};
  std::uint32_t current_ = 0;
};

// Each text would change the page if it were read as more than a text.
Timeline hostile() {
  const std::string attack =
      "</script><script>window.attacked = 1;</script><img src=x onerror=\"window.attacked = 2\">"
      "<!-- \" ' & \\ \x1b[31m \xff\xfe \xe2\x80\xae \xed\xa0\x80 end";
  Timeline timeline = three();
  timeline.program = attack;
  timeline.thinning = attack;
  timeline.left_out = 5;
  for (std::string& text : timeline.texts) text = attack;
  for (TimelineCall& call : timeline.calls) call.name = attack;
  for (TimelineWorker& one : timeline.workers) one.name = one.end = attack;
  for (TimelineMark& mark : timeline.marks) mark.text = attack;
  // Numbers that nothing names, and times that cannot be.
  timeline.elements[1].call = 77;
  timeline.elements[2].worker = 77;
  timeline.elements[2].outcome = 200;
  timeline.elements[0].encoding = 0;
  timeline.elements[0].encoded = timeline.length * 1000;
  timeline.marks[0].worker = 77;
  return timeline;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 2 ? argv[1] : "";
  Timeline timeline;
  if (kind == "three") timeline = three();
  if (kind == "million") timeline = Million().make();
  if (kind == "hostile") timeline = hostile();
  write_html(timeline,
             [](std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), stdout); });
  return std::fflush(stdout) == 0 ? 0 : 1;
}

#include "pool/record/recorder.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace brood::pool::recorder_test {
namespace {

using Kind = CallsOfRecord::Kind;
using protocol::ElementTimes;
using trace::MarkKind;
using trace::TimelineElement;

constexpr JobId job = 3;
constexpr Time start{Nanoseconds(1'000'000)};
Time at(std::int64_t ns) { return start + Nanoseconds(ns); }
std::uint64_t clock_at(std::int64_t ns) {
  return static_cast<std::uint64_t>(at(ns).time_since_epoch().count());
}
ElementTimes times(std::uint64_t sequence, std::int64_t begun) {
  return {sequence, clock_at(begun), clock_at(begun + 1), clock_at(begun + 11),
          clock_at(begun + 13)};
}

/// A pool of two workers with one job of a hundred elements.
struct Record {
  explicit Record(Recorder::Sizes sizes = {})
      : recorder(2, Recorder::Keep::timeline, start, sizes) {
    recorder.started(0, "one", 11, at(0), at(1));
    recorder.started(1, "two", 22, at(0), at(1));
    recorder.added(job, 100, at(5), Kind::of_many, {});
  }
  void send(WorkerId worker, std::size_t first, std::size_t count, std::uint64_t sequence,
            std::int64_t when, std::uint32_t attempt = 1) {
    recorder.sent({worker, job, first, count, sequence, attempt, false}, at(when));
  }
  void time(WorkerId worker, const std::vector<ElementTimes>& all) { recorder.timed(worker, all); }
  trace::Timeline end() { return recorder.take(at(1000)); }

  Recorder recorder;
};

TEST(Recorder, brings_times_and_outcomes_together_whichever_comes_first) {
  Record record;
  record.send(0, 0, 4, 0, 10);
  record.recorder.returned(0, 0, 2, at(60));
  record.time(0, {times(0, 20), times(1, 35), times(2, 70)});
  record.recorder.returned(0, 2, 1, at(90));
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.elements.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const TimelineElement& element = timeline.elements[i];
    EXPECT_EQ(element.index, i);
    EXPECT_EQ(element.worker, 0u);
    EXPECT_EQ(element.attempt, 1u);
    EXPECT_EQ(element.queued, 5);
    EXPECT_EQ(element.sent, 10);
    EXPECT_EQ(element.running, element.begun + 1);
    EXPECT_EQ(element.encoding, element.begun + 11);
    EXPECT_EQ(element.encoded, element.begun + 13);
    EXPECT_EQ(element.outcome, 0);
  }
  EXPECT_EQ(timeline.elements[1].begun, 35);
  EXPECT_EQ(timeline.elements[1].arrived, 60);
  EXPECT_EQ(timeline.elements[2].arrived, 90);
  EXPECT_EQ(timeline.left_out, 0u);
  EXPECT_EQ(record.recorder.running().count(), 3u);
  EXPECT_EQ(record.recorder.running().max(), 10u);
  EXPECT_EQ(record.recorder.waiting().min(), 15u);
}

TEST(Recorder, counts_with_one_element_those_in_front_of_it_that_were_not_measured) {
  Record record;
  record.send(0, 0, 10, 0, 10);
  record.recorder.returned(0, 0, 10, at(200));
  record.time(0, {times(0, 20), times(4, 60), times(9, 150)});
  const trace::Timeline timeline = record.end();
  EXPECT_EQ(timeline.elements.size(), 3u);
  EXPECT_EQ(timeline.left_out, 7u);
  EXPECT_FALSE(timeline.thinning.empty());
  EXPECT_EQ(record.recorder.running().count(), 10u);
}

TEST(Recorder, keeps_a_failure_that_was_not_measured) {
  Record record;
  record.send(0, 0, 10, 0, 10);
  record.recorder.returned(0, 0, 4, at(50));
  record.recorder.threw(0, 4, "std::runtime_error: no", false, at(55));
  record.recorder.returned(0, 5, 5, at(60));
  record.time(0, {times(7, 40)});
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.elements.size(), 2u + 2u);  // 8 and 9 may have been measured, and not told
  EXPECT_EQ(timeline.elements[0].index, 4u);
  EXPECT_EQ(timeline.elements[0].outcome, static_cast<int>(OutcomeKind::exception));
  EXPECT_EQ(timeline.texts.at(timeline.elements[0].text), "std::runtime_error: no");
  EXPECT_EQ(timeline.elements[0].begun, trace::unknown_time);
}

TEST(Recorder, tells_of_an_element_that_its_worker_died_in_and_of_its_next_attempt) {
  Record record;
  record.send(0, 7, 3, 0, 10);
  record.time(0, {times(0, 20)});
  record.recorder.returned(0, 0, 1, at(60));
  record.recorder.gone(0, 2, at(50), "signal 11", at(100));
  record.recorder.lost(0, job, 8, OutcomeKind::worker_lost, "died", true, at(100));
  record.recorder.buried(0, at(100));
  record.recorder.started(0, "three", 33, at(100), at(110));
  record.send(1, 8, 1, 0, 120, 2);
  record.time(1, {times(0, 130)});
  record.recorder.returned(1, 0, 1, at(150));
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.elements.size(), 3u);
  const TimelineElement& lost = timeline.elements[1];
  EXPECT_EQ(lost.index, 8u);
  EXPECT_EQ(lost.outcome, static_cast<int>(OutcomeKind::worker_lost));
  EXPECT_EQ(lost.begun, 50);
  EXPECT_EQ(lost.arrived, 100);
  const TimelineElement& again = timeline.elements[2];
  EXPECT_EQ(again.index, 8u);
  EXPECT_EQ(again.attempt, 2u);
  EXPECT_EQ(again.queued, 100);
  EXPECT_EQ(again.worker, 1u);
  ASSERT_EQ(timeline.workers.size(), 3u);
  EXPECT_EQ(timeline.workers[0].ended, 100);
  EXPECT_EQ(timeline.workers[0].end, "signal 11");
  EXPECT_EQ(timeline.workers[2].slot, 0u);
  std::vector<MarkKind> marks;
  for (const auto& mark : timeline.marks) marks.push_back(mark.kind);
  EXPECT_EQ(marks, (std::vector<MarkKind>{MarkKind::death, MarkKind::restart}));
}

TEST(Recorder, tells_of_what_ran_in_a_dead_worker_for_a_call_that_had_ended) {
  Record record;
  record.send(0, 0, 3, 0, 10);
  record.recorder.gone(0, 1, at(30), "signal 15", at(100));
  record.recorder.buried(0, at(100));
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.elements.size(), 1u);
  EXPECT_EQ(timeline.elements[0].outcome, static_cast<int>(OutcomeKind::cancelled));
  EXPECT_EQ(timeline.elements[0].begun, 30);
}

TEST(Recorder, forgets_what_was_taken_back) {
  Record record;
  record.send(0, 0, 3, 0, 10);
  record.recorder.revoked(0, at(20));
  record.time(0, {times(0, 15)});
  record.recorder.returned(0, 0, 1, at(40));
  record.recorder.skipped(0, 3);
  record.send(0, 50, 1, 3, 60);
  record.time(0, {times(3, 65)});
  record.recorder.returned(0, 3, 1, at(90));
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.elements.size(), 2u);
  EXPECT_EQ(timeline.elements[1].index, 50u);
  EXPECT_EQ(timeline.marks.at(0).kind, MarkKind::revocation);
}

TEST(Recorder, believes_no_worker_that_its_times_lie_outside_of_its_owners) {
  Record record;
  record.send(0, 0, 1, 0, 10);
  record.time(0, {{0, 1, 2, clock_at(5000), ~std::uint64_t{0} >> 1}});
  record.recorder.returned(0, 0, 1, at(60));
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.elements.size(), 1u);
  EXPECT_EQ(timeline.elements[0].begun, 10);
  EXPECT_EQ(timeline.elements[0].running, 10);
  EXPECT_EQ(timeline.elements[0].encoded, 60);
}

TEST(Recorder, numbers_calls_of_one_element_in_the_entry_that_they_share) {
  Record record;
  const std::array<std::byte, 3> function{};
  for (JobId one = 10; one < 15; ++one) {
    record.recorder.added(one, 1, at(20), Kind::of_one_element, function);
    record.recorder.sent({1, one, 0, 1, one - 10, 1, false}, at(30));
    record.recorder.timed(1, std::vector{times(one - 10, 40)});
    record.recorder.returned(1, one - 10, 1, at(60));
    record.recorder.over(one);
  }
  const trace::Timeline timeline = record.end();
  ASSERT_EQ(timeline.calls.size(), 2u);
  EXPECT_EQ(timeline.calls[1].elements, 5u);
  ASSERT_EQ(timeline.elements.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(timeline.elements[i].index, i);
}

TEST(Recorder, bounds_what_it_keeps_beside_elements) {
  Recorder::Sizes sizes;
  sizes.marks = 10;
  sizes.texts = 2;
  Record record(sizes);
  for (int i = 0; i < 25; ++i) record.recorder.logged(0, "line " + std::to_string(i), at(i));
  record.send(0, 0, 5, 0, 10);
  for (std::uint64_t i = 0; i < 5; ++i)
    record.recorder.threw(0, i, "error " + std::to_string(i), false, at(50));
  const trace::Timeline timeline = record.end();
  EXPECT_EQ(timeline.marks.size(), 10u);
  EXPECT_EQ(timeline.marks_left_out, 15u);
  EXPECT_EQ(timeline.texts.size(), 2u);
  EXPECT_EQ(timeline.elements.size(), 5u);
}

TEST(Recorder, stops_and_says_so_where_there_are_more_failures_than_it_may_keep) {
  Recorder::Sizes sizes;
  sizes.elements = 3;
  Record record(sizes);
  record.send(0, 0, 5, 0, 10);
  for (std::uint64_t i = 0; i < 5; ++i) {
    record.time(0, {times(i, 20 + static_cast<std::int64_t>(i))});
    record.recorder.threw(0, i, "error", false, at(50));
  }
  EXPECT_NE(record.recorder.stopped(), nullptr);
  const trace::Timeline timeline = record.end();
  EXPECT_EQ(timeline.elements.size(), 3u);
  EXPECT_NE(timeline.thinning.find("stops before its pool"), std::string::npos);
}

TEST(Recorder, has_histograms_without_a_timeline) {
  Recorder recorder(1, Recorder::Keep::nothing, start);
  recorder.started(0, "one", 11, at(0), at(1));
  recorder.added(job, 1, at(5), Kind::of_many, {});
  recorder.sent({0, job, 0, 1, 0, 1, false}, at(10));
  recorder.timed(0, std::vector{times(0, 20)});
  recorder.returned(0, 0, 1, at(60));
  EXPECT_EQ(recorder.running().count(), 1u);
  EXPECT_EQ(recorder.encoding().max(), 2u);
  EXPECT_TRUE(recorder.take(at(100)).elements.empty());
}

}  // namespace
}  // namespace brood::pool::recorder_test

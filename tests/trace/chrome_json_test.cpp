#include "trace/chrome_json.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace brood::trace::chrome_json_test {
namespace {

std::vector<std::string> lines_of(const Timeline& timeline) {
  std::string text;
  write_chrome_json(timeline, [&](std::string_view piece) {
    EXPECT_LE(piece.size(), largest_piece);
    text += piece;
  });
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::size_t count(const std::vector<std::string>& lines, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

Timeline one_element() {
  Timeline timeline;
  timeline.length = 100'000;
  timeline.calls.push_back({.name = "work", .elements = 1, .submitted = 0});
  timeline.workers.push_back({});
  timeline.workers[0].name = "Worker-1";
  timeline.workers[0].pid = 7;
  timeline.workers[0].slot = 2;
  TimelineElement element;
  element.worker = 0;
  element.index = 5;
  element.queued = 0;
  element.sent = 1000;
  element.begun = 2000;
  element.running = 5500;
  element.encoding = 60'000;
  element.encoded = 60'001;
  element.arrived = 70'000;
  timeline.elements.push_back(element);
  return timeline;
}

TEST(ChromeJson, has_an_element_as_a_complete_event_in_the_thread_of_its_slot) {
  const auto lines = lines_of(one_element());
  EXPECT_EQ(count(lines, R"({"name":"work","cat":"element","ph":"X","ts":2.000,"pid":1,"tid":3,)"
                         R"("dur":58.001,"args":{"call":"work","index":5,"attempt":1,)"
                         R"("outcome":"value","worker":"Worker-1","process":7,"queued":0.000,)"
                         R"("sent":1.000,"arrived":70.000,"waited":2.000,"decoding":3.500,)"
                         R"("running":54.500,"encoding":0.001}})"),
            1u);
  EXPECT_EQ(count(lines, R"("name":"decoding")"), 1u);  // longer than a microsecond
  EXPECT_EQ(count(lines, R"("name":"encoding")"), 0u);
  EXPECT_EQ(count(lines, R"("name":"thread_name")"), 2u);
}

TEST(ChromeJson, has_an_element_that_ran_at_no_known_time_as_an_instant) {
  Timeline timeline = one_element();
  timeline.elements[0].begun = timeline.elements[0].running = unknown_time;
  timeline.elements[0].outcome = 2;
  const auto lines = lines_of(timeline);
  EXPECT_EQ(count(lines, R"("ph":"X")"), 0u);
  EXPECT_EQ(count(lines, R"("cat":"element,failed","ph":"i")"), 1u);
  EXPECT_EQ(count(lines, R"("outcome":"worker lost")"), 1u);
}

TEST(ChromeJson, takes_an_index_that_names_nothing_for_none) {
  Timeline timeline = one_element();
  timeline.elements[0].worker = timeline.elements[0].call = timeline.elements[0].text = 99;
  timeline.elements[0].outcome = 200;
  timeline.marks.push_back(
      {.time = 5, .worker = 99, .kind = static_cast<MarkKind>(77), .text = "?"});
  const auto lines = lines_of(timeline);
  EXPECT_EQ(count(lines, R"("name":"element")"), 1u);
  EXPECT_EQ(count(lines, R"("name":"mark")"), 1u);
}

TEST(ChromeJson, counts_elements_that_wait_and_that_run_in_bounded_steps) {
  Timeline timeline = one_element();
  timeline.length = 1'000'000;
  timeline.elements.resize(20'000, timeline.elements[0]);
  for (std::size_t i = 0; i < timeline.elements.size(); ++i) {
    timeline.elements[i].begun = static_cast<std::int64_t>(i) * 50;
    timeline.elements[i].encoded = timeline.elements[i].begun + 40;
  }
  const auto lines = lines_of(timeline);
  EXPECT_GT(count(lines, R"("ph":"C")"), 100u);
  EXPECT_LE(count(lines, R"("ph":"C")"), 2u * 2001u);
  EXPECT_EQ(count(lines, R"("elements":-)"), 0u);
}

TEST(ChromeJson, is_whole_without_elements) {
  const auto lines = lines_of({});
  EXPECT_EQ(lines.back(), "]}");
  EXPECT_EQ(count(lines, R"("ph":"X")"), 0u);
}

}  // namespace
}  // namespace brood::trace::chrome_json_test

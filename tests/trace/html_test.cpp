#include "trace/html.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <brood/outcome.hpp>
#include "page_reader.hpp"

namespace brood::trace::html_test {
namespace {

namespace reader = brood::testing::trace;

std::string page_of(const Timeline& timeline) {
  std::string page;
  write_html(timeline, [&](std::string_view piece) { page += piece; });
  return page;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

// Elements with times of any kind, of workers and calls of any number.
Timeline random_timeline(std::size_t elements) {
  std::mt19937_64 dice(7);
  const auto roll = [&](std::uint64_t sides) { return dice() % sides; };
  const auto time = [&] { return roll(5) == 0 ? -1 : static_cast<std::int64_t>(dice() >> 20U); };
  Timeline timeline;
  timeline.calls.resize(3);
  timeline.texts = {"a", "b"};
  for (std::uint32_t i = 0; i < 9; ++i)
    timeline.workers.push_back({"Worker-" + std::to_string(i), i, i % 4, 0, 0, 0, 0, "", 0, 0});
  for (std::size_t i = 0; i < elements; ++i) {
    TimelineElement e;
    e.call = static_cast<std::uint32_t>(roll(4));
    e.worker = static_cast<std::uint32_t>(roll(11));
    e.index = i;
    e.attempt = static_cast<std::uint32_t>(1 + roll(3));
    e.text = static_cast<std::uint32_t>(roll(4));
    e.outcome = static_cast<std::uint8_t>(roll(6));
    for (std::int64_t* t :
         {&e.queued, &e.sent, &e.begun, &e.running, &e.encoding, &e.encoded, &e.arrived})
      *t = time();
    timeline.elements.push_back(e);
  }
  return timeline;
}

// All columns of an element, in the order that the page has them.
using Row = std::tuple<std::int64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                       std::uint64_t, std::vector<std::int64_t>>;

std::vector<Row> rows_in(std::string_view page) {
  const auto runs = [&](std::string_view id) {
    return reader::run_column(reader::text_of(page, id));
  };
  std::map<std::string, std::vector<std::int64_t>> times;
  for (const char* id : {"index", "queued", "sent", "begun", "arrived"})
    times[id] = reader::difference_column(reader::text_of(page, id));
  for (const auto& [id, base] : {std::pair("running", "begun"), std::pair("encoding", "running"),
                                 std::pair("encoded", "encoding")})
    times[id] = reader::difference_column(reader::text_of(page, id), times[base]);
  const auto call = runs("call");
  const auto worker = runs("worker");
  const auto attempt = runs("attempt");
  const auto outcome = runs("outcome");
  const auto text = runs("text");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < times["index"].size(); ++i)
    rows.push_back({times["index"][i],
                    call.at(i),
                    worker.at(i),
                    attempt.at(i),
                    outcome.at(i),
                    text.at(i),
                    {times["queued"][i], times["sent"][i], times["begun"][i], times["running"][i],
                     times["encoding"][i], times["encoded"][i], times["arrived"][i]}});
  return rows;
}

TEST(TracePage, has_every_number_of_every_element) {
  const Timeline timeline = random_timeline(5000);
  std::vector<Row> rows = rows_in(page_of(timeline));
  ASSERT_EQ(rows.size(), timeline.elements.size());
  std::sort(rows.begin(), rows.end());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TimelineElement& e = timeline.elements[i];
    // What names nothing is 0.
    const Row expected{static_cast<std::int64_t>(e.index),
                       e.call < 3 ? e.call + 1 : 0,
                       e.worker < 9 ? e.worker + 1 : 0,
                       e.attempt,
                       e.outcome,
                       e.text < 2 ? e.text + 1 : 0,
                       {e.queued, e.sent, e.begun, e.running, e.encoding, e.encoded, e.arrived}};
    ASSERT_EQ(rows[i], expected) << i;
  }
}

TEST(TracePage, has_elements_by_slot_and_time) {
  const Timeline timeline = random_timeline(2000);
  std::uint64_t last_slot = 0;
  std::int64_t last_time = 0;
  for (const Row& row : rows_in(page_of(timeline))) {
    const std::uint64_t worker = std::get<2>(row);
    const std::uint64_t slot = worker == 0 ? 100 : timeline.workers[worker - 1].slot;
    ASSERT_GE(slot, last_slot);
    if (slot != last_slot) last_time = 0;
    last_slot = slot;
    const std::int64_t begun = std::get<6>(row)[2];
    if (begun < 0) continue;
    ASSERT_GE(begun, last_time);
    last_time = begun;
  }
}

TEST(TracePage, has_calls_with_each_function_once) {
  Timeline timeline;
  timeline.calls = {{"decode", 10, 5, 50}, {"encode", 20, 6, -1}, {"decode", 1, 100, 101}};
  const std::string page = page_of(timeline);
  EXPECT_EQ(reader::run_column(reader::text_of(page, "call-name")),
            (std::vector<std::uint64_t>{0, 1, 0}));
  EXPECT_EQ(reader::run_column(reader::text_of(page, "call-elements")),
            (std::vector<std::uint64_t>{10, 20, 1}));
  EXPECT_EQ(reader::difference_column(reader::text_of(page, "call-submitted")),
            (std::vector<std::int64_t>{5, 6, 100}));
  EXPECT_EQ(reader::difference_column(reader::text_of(page, "call-ended")),
            (std::vector<std::int64_t>{50, -1, 101}));
  EXPECT_NE(page.find(R"("names":["decode","encode"])"), std::string::npos);
}

TEST(TracePage, says_what_it_knows_of_the_pool) {
  Timeline timeline;
  timeline.program = "demo";
  timeline.started = 1'700'000'000'123'456'789;
  timeline.length = 5'000'000'000;
  timeline.left_out = 12;
  timeline.marks_left_out = 3;
  timeline.thinning = "Every second.";
  timeline.texts = {"broken"};
  timeline.workers = {{"ForkPoolWorker-1", 4711, 3, 1, 2, 3, 4, "exit code 1", 9, 77}};
  timeline.marks = {{8, 0, MarkKind::death, "gone"}, {9, none, MarkKind::log, "late"}};
  timeline.running = {{100, 2}, {200, 1}};
  EXPECT_EQ(reader::text_of(page_of(timeline), "facts"),
            R"({"program":"demo","started_us":1700000000123456,"length":5000000000,"count":0,)"
            R"("calls":0,"left_out":12,"marks_left_out":3,"thinning":"Every second.",)"
            R"("names":[],"texts":["broken"],"workers":[{"name":"ForkPoolWorker-1","pid":4711,)"
            R"("slot":3,"asked":1,"started":2,"ready":3,"ended":4,"end":"exit code 1",)"
            R"("elements":9,"busy":77}],"marks":[[8,0,0,"gone"],[9,-1,5,"late"]],)"
            R"("histograms":{"waiting":[],"decoding":[],"running":[[100,2],[200,1]],)"
            R"("encoding":[]}})");
}

TEST(TracePage, lets_no_text_end_its_element) {
  const std::string hostile = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)>";
  Timeline timeline;
  const std::string page = page_of(timeline);
  timeline.program = timeline.thinning = hostile;
  timeline.left_out = 1;
  timeline.calls = {{hostile, 1, 0, 1}};
  timeline.workers = {{hostile, 1, 0, 0, 0, 0, 0, hostile, 0, 0}};
  timeline.marks = {{0, 0, MarkKind::log, hostile}};
  timeline.texts = {hostile};
  const std::string with = page_of(timeline);
  EXPECT_EQ(count(with, "<"), count(page, "<"));
  EXPECT_EQ(count(with, "<!--"), count(page, "<!--"));
  EXPECT_EQ(count(with, "alert(1)\\u003c/script\\u003e"), 7U);
}

TEST(TracePage, loads_nothing_and_runs_nothing_but_its_script) {
  const std::string page = page_of({});
  std::smatch policy;
  ASSERT_TRUE(std::regex_search(
      page, policy,
      std::regex(
          "content=\"default-src 'none'; script-src ('sha256-[A-Za-z0-9+/]{43}='); "
          "style-src ('sha256-[A-Za-z0-9+/]{43}='); base-uri 'none'; form-action 'none'\"")));
  EXPECT_NE(policy[1], policy[2]);
  EXPECT_EQ(count(page, "<script>"), 1U);
  EXPECT_EQ(count(page, "@STYLE"), 0U);
  EXPECT_EQ(count(page, "@SCRIPT"), 0U);
  for (const char* part :
       {" src=", "href=", "url(", "@import", "fetch(", "XMLHttpRequest", "import("})
    EXPECT_EQ(count(page, part), 0U) << part;
  // A name of an XML language is the one address.
  EXPECT_EQ(count(page, "://"), count(page, "http://www.w3.org/2000/svg"));
}

TEST(TracePage, comes_in_pieces_of_bounded_size) {
  Timeline timeline = random_timeline(20000);
  timeline.texts = {std::string(10 * largest_piece, 'x')};
  std::size_t pieces = 0;
  std::size_t all = 0;
  write_html(timeline, [&](std::string_view piece) {
    EXPECT_FALSE(piece.empty());
    EXPECT_LE(piece.size(), largest_piece);
    ++pieces;
    all += piece.size();
  });
  EXPECT_EQ(pieces, (all + largest_piece - 1) / largest_piece);
}

TEST(TracePage, lets_pass_what_the_sink_throws) {
  int pieces = 0;
  EXPECT_THROW(write_html(random_timeline(20000),
                          [&](std::string_view) {
                            if (++pieces == 3) throw std::runtime_error("disk full");
                          }),
               std::runtime_error);
  EXPECT_EQ(pieces, 3);
}

// page/model.js knows them by these numbers.
TEST(TracePage, names_outcomes_and_marks_as_the_library_does) {
  const std::string page = page_of({});
  EXPECT_NE(page.find("const outcomes = ['value', 'exception', 'worker lost', 'timeout', "
                      "'cancelled', 'error'];"),
            std::string::npos);
  EXPECT_EQ(static_cast<int>(OutcomeKind::value), 0);
  EXPECT_EQ(static_cast<int>(OutcomeKind::exception), 1);
  EXPECT_EQ(static_cast<int>(OutcomeKind::worker_lost), 2);
  EXPECT_EQ(static_cast<int>(OutcomeKind::timeout), 3);
  EXPECT_EQ(static_cast<int>(OutcomeKind::cancelled), 4);
  EXPECT_EQ(static_cast<int>(OutcomeKind::error), 5);
  EXPECT_NE(page.find("const markKinds = ['death', 'restart', 'revocation', 'timeout', 'cancel', "
                      "'log', 'other'];"),
            std::string::npos);
  EXPECT_EQ(static_cast<int>(MarkKind::other), 6);
}

}  // namespace
}  // namespace brood::trace::html_test

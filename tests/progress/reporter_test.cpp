#include <brood/detail/pool/reporter.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "progress/terminal.hpp"

namespace brood::testing::reporter_test {
namespace {

/// As far as it is told.
class ToldJob final : public detail::Job {
 public:
  std::size_t elements_done = 0, elements_failed = 0;

  bool finished() const noexcept override { return false; }
  bool wait(const detail::Deadline&) override { return false; }
  std::vector<detail::Piece> take_pieces(const detail::Deadline&) override { return {}; }
  std::span<const detail::Piece> pieces() const noexcept override { return {}; }
  std::exception_ptr error() const override { return nullptr; }
  bool failed() const noexcept override { return false; }
  void report_unobserved() noexcept override {}
  std::size_t done() const noexcept override { return elements_done; }
  std::size_t failures() const noexcept override { return elements_failed; }
  bool cancel(Kill) override { return false; }
  void when_finished(std::function<void()>) override {}
  detail::Intake intake() override { return detail::Intake::ended; }
  void extend(detail::Elements, detail::Input) override {}
};

struct Notes {
  std::vector<Progress>& seen;
  void operator()(Progress progress) const { seen.push_back(progress); }
};

void pass(const detail::Deadline& deadline) {
  ASSERT_TRUE(deadline);
  while (std::chrono::steady_clock::now() < *deadline) continue;
}

TEST(Reporter, tells_a_function_each_change_once) {
  std::vector<Progress> seen;
  detail::Reporter reporter{Notes{seen}};
  ToldJob job;
  reporter.begin(job, 10);
  EXPECT_TRUE(seen.empty());
  reporter.report(job, 10);
  reporter.report(job, 10);
  EXPECT_EQ(seen.size(), 1U);
  job.elements_done = 1;
  reporter.report(job, 10);
  reporter.report(job, 11);
  job.elements_failed = 1;
  reporter.report(job, 11);
  reporter.report(job, 11);
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_FALSE(reporter.next(std::nullopt));
}

TEST(Reporter, counts_no_more_failures_than_are_done) {
  std::vector<Progress> seen;
  detail::Reporter reporter{Notes{seen}};
  ToldJob job;
  job.elements_done = 1;
  job.elements_failed = 2;
  reporter.report(job, 10);
  EXPECT_EQ(seen.back().failed, 1U);
}

TEST(Reporter, of_a_bar_lets_no_wait_be_longer_than_its_interval) {
  Terminal terminal;
  detail::Reporter reporter{ProgressBar("a call")};
  ToldJob job;
  reporter.begin(job, 10);
  const auto now = std::chrono::steady_clock::now();
  const detail::Deadline soon(now), late(now + std::chrono::hours(1));
  EXPECT_EQ(reporter.next(soon), soon);
  EXPECT_LT(*reporter.next(late), *late);
  EXPECT_EQ(reporter.next(std::nullopt), reporter.next(late));
}

TEST(Reporter, tells_a_bar_that_time_passes_until_all_is_done) {
  Terminal terminal;
  detail::Reporter reporter{ProgressBar("a call")};
  ToldJob job;
  reporter.begin(job, 10);
  const detail::Deadline first = reporter.next(std::nullopt);
  reporter.report(job, 10);
  EXPECT_EQ(reporter.next(std::nullopt), first);  // nothing was told
  pass(first);
  reporter.report(job, 10);
  EXPECT_GT(*reporter.next(std::nullopt), *first);
  job.elements_done = 10;
  reporter.report(job, 10);
  pass(reporter.next(std::nullopt));
  reporter.report(job, 10);  // still folding
  EXPECT_EQ(terminal.screen().rows().size(), 1U);
}

}  // namespace
}  // namespace brood::testing::reporter_test

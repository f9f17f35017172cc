#include <sched.h>

#include <csignal>
#include <string>
#include <vector>

#include "hostile/taken_over.hpp"
#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

// Tasks that do everything to outlive their time limit. The owner's clock decides.
namespace brood::testing::timeout_test {
namespace {

using protocol::SkippedHeader;
using protocol::Type;
using protocol::WorkerPage;

class HostileTimes : public PoolTest {
 protected:
  static constexpr auto limit = under_sanitizer ? 500ms : 100ms;  // more than an attack takes
  /// Within which a call ends, however slow the machine is that tests it.
  static constexpr auto bound = 60s;
};
BROOD_FOR_EVERY_METHOD(HostileTimes);

constexpr std::uint64_t hours = 3'600'000'000'000 * 1000ULL;  // ns

[[noreturn]] void moves_its_clock(WorkerPage& page) {
  for (;;) page.clock.fetch_add(1'000'000'000);
}

struct Trick {
  const char* name;
  void (*play)(const TakenOver& me);
};
const Trick tricks[] = {
    {"a clock of the future", [](const TakenOver& me) { me.page.clock += hours; }},
    {"the last clock", [](const TakenOver& me) { me.page.clock = ~std::uint64_t{0}; }},
    {"a clock that moves", [](const TakenOver& me) { moves_its_clock(me.page); }},
    {"a claim that goes on",
     [](const TakenOver& me) {
       for (;;) me.page.claimed.fetch_add(1);
     }},
    {"skipped and exhausted",
     [](const TakenOver& me) {
       forge(Type::skipped, SkippedHeader{me.sequence + 1});
       forge(Type::exhausted);
     }},
    {"exhausted", [](const TakenOver&) { forge(Type::exhausted); }},
};

int plays(int which) {
  tricks[which].play(taken_over());
  hang();
}

TEST_P(HostileTimes, end_when_the_owner_says) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  for (int which = 0; which < static_cast<int>(std::size(tricks)); ++which) {
    SCOPED_TRACE(tricks[which].name);
    const auto result = pool.with({.timeout = limit}).apply_async(plays, which);
    ASSERT_TRUE(result.wait_for(bound));
    EXPECT_FALSE(result.successful());
    EXPECT_EQ(pool.apply(square, 7), 49);
  }
}

// The second time it behaves.
int takes_its_claim_back(const std::string& log) {
  append_line(log, "run");
  if (lines_of(log).size() > 1) return 7;
  taken_over().page.claimed.fetch_sub(1);
  hang();
}

TEST_P(HostileTimes, of_an_element_that_is_not_begun_send_it_elsewhere_once) {
  const LogCatcher log;
  const Scratch scratch;
  Pool pool = make_pool(1);
  // The claim is to be taken back before the owner looks: a sanitizer is slow to find it.
  const auto time = under_sanitizer ? 4 * limit : limit;
  const auto result =
      pool.with({.timeout = time}).apply_async(takes_its_claim_back, scratch.path("log"));
  ASSERT_TRUE(result.wait_for(bound));
  EXPECT_EQ(result.get(), 7);
  EXPECT_FALSE(log.records_with("has not begun in time").empty());
}

int never_claims(int) {
  taken_over().page.claimed.fetch_sub(1);
  hang();
}

TEST_P(HostileTimes, of_an_element_that_is_never_begun_end_it) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  const auto result = pool.with({.timeout = limit}).apply_async(never_claims, 0);
  ASSERT_TRUE(result.wait_for(bound));
  EXPECT_THROW(result.get(), TaskTimeout);
  EXPECT_EQ(pool.apply(square, 7), 49);
}

// Not only the hostile do not begin what they are sent.
TEST_P(HostileTimes, of_a_worker_that_was_stopped_while_it_was_idle_end_it) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  const pid_t pid = pool.apply(pid_here);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  const auto result = pool.with({.timeout = limit}).apply_async(square, 7);
  ASSERT_TRUE(result.wait_for(bound));
  EXPECT_EQ(result.get(), 49);
  EXPECT_NE(pool.apply(pid_here), pid);
}

// Ends in the owner's eyes, and sees nothing of what was taken back.
int ignores_a_revocation(const std::string& mailbox, int element) {
  if (element != 0) return element;
  const TakenOver me = taken_over();
  Mailbox::send(mailbox, "runs");
  while (me.page.revocation == WorkerPage::not_revoked) ::sched_yield();
  const int result = 5;
  forge(Type::results,
        protocol::ResultsHeader{me.job, me.index, me.sequence, 1, 1, sizeof result, 0},
        std::as_bytes(std::span(&result, 1)));
  hang();
}

TEST_P(HostileTimes, of_a_revocation_that_is_not_seen_end_the_worker) {
  const LogCatcher log;
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mailbox"));
  Pool pool = make_pool(1);
  auto first =
      pool.with({.chunk = 3})
          .map_async(brood::task(ignores_a_revocation, mailbox.path()), std::vector<int>{0, 1, 2});
  EXPECT_EQ(mailbox.receive(), "runs");
  EXPECT_TRUE(first.cancel());
  const auto next = pool.apply_async(square, 7);
  ASSERT_TRUE(next.wait_for(bound));
  EXPECT_EQ(next.get(), 49);
  EXPECT_FALSE(log.records_with("taken back").empty());
}

}  // namespace
}  // namespace brood::testing::timeout_test

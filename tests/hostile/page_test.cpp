#include <chrono>
#include <csignal>
#include <numeric>
#include <string>
#include <vector>

#include "hostile/taken_over.hpp"
#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"
#include "victims/tasks.hpp"

// Tasks that write to the page that their worker shares with its owner.
namespace brood::testing::page_test {
namespace {

using protocol::WorkerPage;

class HostilePages : public PoolTest {};
BROOD_FOR_EVERY_METHOD(HostilePages);

struct Scribble {
  const char* name;
  void (*write)(WorkerPage& page);
  bool spares_results = true;  // those of earlier elements that were not read yet
};

constexpr std::uint64_t most = ~std::uint64_t{0};

const Scribble scribbles[] = {
    {"nothing claimed", [](WorkerPage& page) { page.claimed = 0; }},
    {"too much claimed", [](WorkerPage& page) { page.claimed = 1000; }},
    {"everything claimed", [](WorkerPage& page) { page.claimed = most / 2; }},
    {"everything", [](WorkerPage& page) { page.claimed = most; }},
    {"a revocation", [](WorkerPage& page) { page.revocation = WorkerPage::asked; }},
    {"a revocation that is decided",
     [](WorkerPage& page) { page.revocation = WorkerPage::decided; }},
    {"no barrier by its owner", [](WorkerPage& page) { page.barrier_by_owner = 0; }},
    {"another fence", [](WorkerPage& page) { page.fence = most; }},
    {"a large head", [](WorkerPage& page) { page.head = most; }, false},
    {"a head one too large",
     [](WorkerPage& page) { page.head = page.tail + WorkerPage::buffer_size + 1; }, false},
    {"more told than there is room for", [](WorkerPage& page) { page.closed = most; }, false},
    {"less told than before", [](WorkerPage& page) { page.closed -= 1; }, false},
    {"nothing told", [](WorkerPage& page) { page.closed = page.head = 0; }, false},
    {"a frame that is not there", [](WorkerPage& page) { page.closed = page.head += 7; }, false},
    {"another position of the owner's", [](WorkerPage& page) { page.tail = most; }, false},
    {"nobody waits",
     [](WorkerPage& page) { page.owner_waits = page.worker_waits = page.owner_blocked = 77; }},
    {"a buffer of ones",
     [](WorkerPage& page) {
       page.head = page.closed = page.tail + WorkerPage::buffer_size;
       for (std::byte& byte : page.results.bytes) byte = std::byte{0xff};
     },
     false},
    {"more tasks read than there are", [](WorkerPage& page) { page.task_tail = most; }},
    {"a task read that comes next", [](WorkerPage& page) { page.task_tail = page.task_head + 1; }},
    {"fewer tasks read than before", [](WorkerPage& page) { page.task_tail = 0; }},
    {"tasks that were not sent", [](WorkerPage& page) { page.task_head += 1000; }},
    {"no tasks", [](WorkerPage& page) { page.task_head = 0; }},
    {"the end of tasks", [](WorkerPage& page) { page.no_more_tasks = 1; }},
    {"tasks of ones",
     [](WorkerPage& page) {
       page.task_head = page.task_tail + WorkerPage::buffer_size;
       for (std::byte& byte : page.tasks.bytes) byte = std::byte{0xff};
     }},
};

/// The element of the scribbler; the others return what they got.
constexpr int scribbler = 1;
int scribbles_and_dies(int which, int element) {
  if (element != scribbler) return element;
  scribbles[which].write(taken_over().page);
  return victims::raise_signal(SIGKILL);
}

// One that comes before it is lost only with the results that were scribbled over.
TEST_P(HostilePages, of_the_dead_cost_what_was_next_and_nothing_else) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  const std::vector<int> elements{0, scribbler, 2, 3};
  for (int which = 0; which < static_cast<int>(std::size(scribbles)); ++which) {
    SCOPED_TRACE(scribbles[which].name);
    const auto outcomes =
        pool.with({.chunk = 4}).try_map(brood::task(scribbles_and_dies, which), elements);
    EXPECT_FALSE(outcomes[scribbler].has_value());
    EXPECT_THROW(outcomes[scribbler].value(), WorkerLost);
    for (const int other : {0, 2, 3}) {
      const auto& outcome = outcomes[static_cast<std::size_t>(other)];
      if (other < scribbler && !scribbles[which].spares_results && !outcome.has_value()) continue;
      ASSERT_TRUE(outcome.has_value()) << other;
      EXPECT_EQ(outcome.value(), other);
    }
  }
}

int scribbles_and_stays(int which, int element) {
  if (element != scribbler) return element;
  scribbles[which].write(taken_over().page);
  hang();
}

// With a timeout the owner looks at the page.
TEST_P(HostilePages, of_the_living_end_their_calls_in_time) {
  const LogCatcher quiet;
  Pool pool = make_pool(1);
  const std::vector<int> elements{0, scribbler, 2, 3};
  for (int which = 0; which < static_cast<int>(std::size(scribbles)); ++which) {
    SCOPED_TRACE(scribbles[which].name);
    const auto outcomes = pool.with({.timeout = 100ms, .chunk = 4})
                              .try_map(brood::task(scribbles_and_stays, which), elements);
    EXPECT_FALSE(outcomes[scribbler].has_value());
    EXPECT_EQ(pool.apply(square, 7), 49);
  }
}

int takes_the_wake_up_from_its_owner(int element) {
  if (element == scribbler) taken_over().page.owner_waits = 0;
  return element;
}

// With a timeout the owner looks at the page, and asks again.
TEST_P(HostilePages, without_a_wake_up_delay_their_results_once) {
  Pool pool = make_pool(1);
  constexpr auto limit = 1s;
  std::vector<int> elements(20);
  std::iota(elements.begin(), elements.end(), 0);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(
      pool.with({.timeout = limit, .chunk = 1}).map(takes_the_wake_up_from_its_owner, elements),
      elements);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4 * limit);
}

}  // namespace
}  // namespace brood::testing::page_test

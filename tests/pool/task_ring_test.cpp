#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <future>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "protocol/page.hpp"
#include "support/counting_text.hpp"
#include "support/worker_channel.hpp"

// Arguments on their way through the ring of a worker's page.
namespace brood::testing::task_ring_test {
namespace {

using Clock = std::chrono::steady_clock;

class TaskRing : public PoolTest {};
BROOD_FOR_EVERY_METHOD(TaskRing);

constexpr std::size_t ring = protocol::WorkerPage::buffer_size;
constexpr auto soon = times(5s, 20s);

/// What a task that has got counting_text(size) gives back; nothing of any other.
std::size_t whole(const std::string& text) {
  return text == counting_text(text.size()) ? text.size() + 1 : 0;
}

std::vector<std::string> texts_of(const std::vector<std::size_t>& sizes) {
  std::vector<std::string> texts;
  for (const std::size_t size : sizes) texts.push_back(counting_text(size));
  return texts;
}
std::vector<std::size_t> answers_to(std::vector<std::size_t> sizes) {
  for (std::size_t& size : sizes) ++size;
  return sizes;
}

/// Around those at which an argument is read where it lies, is collected, does not fit into the
/// ring, and begins before it has arrived.
std::vector<std::size_t> sizes() {
  std::vector<std::size_t> all{0, 1, 15, 16, 17, 3 * ring, 4 * ring, 4 * ring - 99, 20 * ring};
  for (const std::size_t size : {ring / 2, ring}) {
    for (const std::size_t less : {300, 200, 160, 120, 100, 80, 64, 32, 17, 16, 15, 8, 1, 0}) {
      all.push_back(size - less);
      all.push_back(size + less);
    }
  }
  return all;
}

TEST_P(TaskRing, brings_an_argument_of_any_size_whole) {
  Pool pool = make_pool(1);
  for (const std::size_t size : sizes())
    ASSERT_EQ(pool.apply(whole, counting_text(size)), size + 1) << size;
}

// Each byte more moves the place where a frame just fits.
TEST_P(TaskRing, brings_arguments_whole_at_each_size_around_half_of_it_and_all_of_it) {
  Pool pool = make_pool(1);
  for (const std::size_t size : {ring / 2, ring}) {
    const std::string text = counting_text(size + 20);
    for (std::size_t less = 0; less < 300; less += 3) {
      const std::string some = text.substr(less);
      ASSERT_EQ(pool.apply([](const std::string& got) { return got; }, some), some) << some.size();
    }
  }
}

TEST_P(TaskRing, brings_arguments_whole_that_are_sent_in_a_row) {
  Pool pool = make_pool(2);
  const std::vector<std::size_t> all = sizes();
  std::vector<AsyncResult<std::size_t>> results;
  for (const std::size_t size : all)
    results.push_back(pool.apply_async(whole, counting_text(size)));
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(results[i].get(), all[i] + 1) << all[i];
}

TEST_P(TaskRing, brings_chunks_of_arguments_of_any_size_whole) {
  Pool pool = make_pool(2);
  const std::vector<std::size_t> all = sizes();
  const std::vector<std::string> texts = texts_of(all);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{3}, std::size_t{7}, all.size()})
    EXPECT_EQ(pool.with({.chunk = chunk}).map(whole, texts), answers_to(all)) << chunk;
}

TEST_P(TaskRing, brings_arguments_of_a_fixed_size_whole) {
  Pool pool = make_pool(2);
  std::vector<int> numbers(500'000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto same = [](int n) { return n; };
  const std::size_t in_a_ring = ring / sizeof(int);
  for (const std::size_t chunk :
       {std::size_t{997}, in_a_ring / 2, in_a_ring - 20, in_a_ring, 3 * in_a_ring, numbers.size()})
    EXPECT_TRUE(pool.with({.chunk = chunk}).map(same, numbers) == numbers) << chunk;
  EXPECT_TRUE(pool.map(same, numbers) == numbers);
}

using Block = std::array<std::uint32_t, 25'000>;
std::uint32_t sum_of(const Block& block) {
  return std::accumulate(block.begin(), block.end(), std::uint32_t{0});
}

TEST_P(TaskRing, brings_large_arguments_of_a_fixed_size_whole) {
  Pool pool = make_pool(2);
  std::vector<Block> blocks(40);
  std::vector<std::uint32_t> sums;
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    std::iota(blocks[i].begin(), blocks[i].end(), i * 1'000'003);
    sums.push_back(sum_of(blocks[i]));
  }
  for (const std::size_t chunk : {1, 2, 3, 10, 40})
    EXPECT_EQ(pool.with({.chunk = chunk}).map(sum_of, blocks), sums) << chunk;
}

// So often round that frames begin at every place.
TEST_P(TaskRing, brings_arguments_whole_where_they_lie_across_its_end) {
  Pool pool = make_pool(1);
  std::vector<std::size_t> small;
  for (std::size_t i = 0; small.size() * 500 < 40 * ring; ++i) small.push_back(i * 37 % 1000);
  EXPECT_TRUE(pool.with({.chunk = 3}).map(whole, texts_of(small)) == answers_to(small));
}

// --- while it is full ---

/// An argument that is decoded while it arrives: its worker does something in the midst, when its
/// owner has no room for more.
struct InParts {
  enum class Midst : std::uint8_t { passes, dies, hangs } midst = Midst::passes;
  std::string mailbox, gate, rest;

  template <class Archive>
  void save(Archive& archive) const {
    archive(midst, mailbox, gate, rest);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(midst, mailbox, gate);
    protocol::WorkerPage* const page = own_page();
    while (page->owner_blocked == 0) ::sched_yield();
    if (!mailbox.empty()) Mailbox::send(mailbox, "full");
    if (midst == Midst::dies) ::raise(SIGKILL);
    if (midst == Midst::hangs)
      for (;;) ::pause();
    Gate::pass(gate);
    archive(rest);
  }
};
std::size_t rest_of(const InParts& argument) { return whole(argument.rest); }

class FullTaskRing : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    gate_.emplace(scratch_.path("gate"));
  }
  void TearDown() override {
    gate_.reset();
    PoolTest::TearDown();
  }
  InParts argument(InParts::Midst midst) const {
    return {midst, mailbox_.path(), gate_->path(), counting_text(size)};
  }
  static constexpr std::size_t size = std::size_t{8} << 20;
  const Scratch scratch_;
  Mailbox mailbox_{scratch_.path("mail")};
  std::optional<Gate> gate_;
};
BROOD_FOR_EVERY_METHOD(FullTaskRing);

TEST_P(FullTaskRing, of_one_worker_holds_up_no_other_call) {
  Pool pool = make_pool(2);
  auto slow = pool.apply_async(rest_of, argument(InParts::Midst::passes));
  mailbox_.receive();
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(pool.apply_async(square, 4).get(), 16);
  EXPECT_EQ(pool.apply(whole, counting_text(3 * ring)), 3 * ring + 1);
  EXPECT_FALSE(slow.ready());
  gate_->open();
  EXPECT_EQ(slow.get(), size + 1);
}

TEST_P(FullTaskRing, of_a_worker_that_a_caller_drives_holds_up_no_other_call) {
  Pool pool = make_pool(2);
  auto slow = std::async(std::launch::async,
                         [&] { return pool.apply(rest_of, argument(InParts::Midst::passes)); });
  mailbox_.receive();
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(pool.map(square, std::vector{1, 2, 3}), (std::vector{1, 4, 9}));
  gate_->open();
  EXPECT_EQ(slow.get(), size + 1);
}

// What follows it waits in the owner.
TEST_P(FullTaskRing, is_written_to_the_end_when_there_is_room_again) {
  Pool pool = make_pool(1);
  auto slow = pool.apply_async(rest_of, argument(InParts::Midst::passes));
  mailbox_.receive();
  std::vector<AsyncResult<std::size_t>> behind;
  for (const std::size_t some : {std::size_t{5}, ring / 2, ring, 3 * ring, std::size_t{5}})
    behind.push_back(pool.apply_async(whole, counting_text(some)));
  gate_->open();
  EXPECT_EQ(slow.get(), size + 1);
  EXPECT_EQ(behind[0].get(), 6U);
  EXPECT_EQ(behind[1].get(), ring / 2 + 1);
  EXPECT_EQ(behind[2].get(), ring + 1);
  EXPECT_EQ(behind[3].get(), 3 * ring + 1);
  EXPECT_EQ(behind[4].get(), 6U);
}

TEST_P(FullTaskRing, whose_worker_dies_ends_the_call_soon) {
  Pool pool = make_pool(1);
  const InParts deadly = argument(InParts::Midst::dies);
  for (int round = 0; round < 3; ++round) {
    const auto start = Clock::now();
    EXPECT_THROW(pool.apply(rest_of, deadly), WorkerLost);
    EXPECT_THROW(pool.apply_async(rest_of, deadly).get(), WorkerLost);
    EXPECT_LT(Clock::now() - start, soon);
    EXPECT_EQ(pool.apply(square, round), round * round);
  }
}

TEST_P(FullTaskRing, whose_worker_hangs_ends_its_call_at_the_timeout) {
  Pool pool = make_pool(1);
  const InParts endless = argument(InParts::Midst::hangs);
  const auto start = Clock::now();
  EXPECT_THROW(pool.with({.timeout = 300ms}).apply(rest_of, endless), TaskTimeout);
  EXPECT_THROW(pool.with({.timeout = 300ms}).apply_async(rest_of, endless).get(), TaskTimeout);
  EXPECT_LT(Clock::now() - start, soon);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(FullTaskRing, lets_its_call_be_cancelled) {
  Pool pool = make_pool(1);
  auto call = pool.apply_async(rest_of, argument(InParts::Midst::hangs));
  mailbox_.receive();
  const auto start = Clock::now();
  EXPECT_TRUE(call.cancel(Kill::yes));
  EXPECT_THROW(call.get(), Cancelled);
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_LT(Clock::now() - start, soon);
}

TEST_P(FullTaskRing, does_not_hold_up_the_end_of_its_pool) {
  const auto start = [&] {
    Pool pool = make_pool(2);
    auto call = pool.apply_async(rest_of, argument(InParts::Midst::hangs));
    mailbox_.receive();
    return Clock::now();
  }();
  EXPECT_LT(Clock::now() - start, soon);
}

// --- what tasks and owners do beside it ---

/// Forks while what comes next lies in the ring; the child looks at its argument and ends.
std::size_t forks(const std::string& text) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(whole(text) != 0 ? 7 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? whole(text) : 0;
}

TEST_P(TaskRing, keeps_arguments_whole_whose_tasks_fork) {
  Pool pool = make_pool(1);
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < 40; ++i) all.push_back(i * 997 % 9000);
  for (const std::size_t chunk : {1, 8, 40})
    EXPECT_EQ(pool.with({.chunk = chunk}).map(forks, texts_of(all)), answers_to(all)) << chunk;
  EXPECT_EQ(pool.apply(forks, counting_text(ring / 2 - 200)), ring / 2 - 199);
  EXPECT_EQ(pool.apply(forks, counting_text(3 * ring)), 3 * ring + 1);
}

/// The copy comes back from the task, to arguments that are not there.
std::size_t forks_a_copy_that_returns(const std::string& text) {
  static_cast<void>(::fork());
  return whole(text);
}

TEST_P(TaskRing, is_not_read_by_a_copy_that_comes_back_from_its_task) {
  expect_orphans();
  Pool pool = make_pool(1);
  std::vector<std::size_t> all(30);
  std::iota(all.begin(), all.end(), std::size_t{1000});
  const pid_t worker = pool.apply(pid_here);
  EXPECT_EQ(pool.with({.chunk = 10}).map(forks_a_copy_that_returns, texts_of(all)),
            answers_to(all));
  EXPECT_EQ(pool.apply(pid_here), worker);
}

TEST_P(TaskRing, tells_idle_workers_of_the_end_at_once) {
  for (int round = 0; round < 5; ++round) {
    Pool pool = make_pool(3);
    pool.map(square, std::vector<int>(30, 2));
    const auto start = Clock::now();
    pool.close();
    pool.join();
    EXPECT_LT(Clock::now() - start, times(1s, 5s));
  }
}

int answers_late(const std::string& gate) {
  Gate::pass(gate);
  return 42;
}

TEST_P(TaskRing, is_read_to_its_end_when_the_pool_is_closed) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Pool pool = make_pool(1);
  auto first = pool.apply_async(answers_late, gate.path());
  std::vector<AsyncResult<std::size_t>> behind;
  for (int i = 0; i < 20; ++i) behind.push_back(pool.apply_async(whole, counting_text(ring / 8)));
  pool.close();
  gate.open();
  pool.join();
  EXPECT_EQ(first.get(), 42);
  for (auto& result : behind) EXPECT_EQ(result.get(), ring / 8 + 1);
}

}  // namespace
}  // namespace brood::testing::task_ring_test

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "hostile/raw_results.hpp"
#include "hostile/taken_over.hpp"
#include "pool/pool_fixture.hpp"
#include "support/few_descriptors.hpp"
#include "support/log_catcher.hpp"
#include "support/raw_message.hpp"

// Workers that write more than a reader can take.
namespace brood::testing::floods_test {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// The default logger's only sink while it lives: a record waits in it for leave to pass.
class Barred {
 public:
  Barred() : sink_(std::make_shared<Sink>()), old_sinks_(spdlog::default_logger()->sinks()) {
    spdlog::default_logger()->sinks().assign(1, sink_);
  }
  Barred(const Barred&) = delete;
  Barred& operator=(const Barred&) = delete;
  ~Barred() {
    open();
    spdlog::default_logger()->sinks() = old_sinks_;
  }
  void let_pass(std::size_t count) { sink_->let_pass(count); }
  void open() { let_pass(std::size_t{1} << 40); }
  /// Whether a record has come and waits.
  bool wait_for_one() { return sink_->wait_for_one(); }
  std::vector<std::string> passed() { return sink_->passed(); }

 private:
  class Sink final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    void let_pass(std::size_t count) {
      const std::lock_guard lock(here_);
      leave_ += count;
      changed_.notify_all();
    }
    bool wait_for_one() {
      std::unique_lock lock(here_);
      return changed_.wait_for(lock, patience, [this] { return waiting_; });
    }
    std::vector<std::string> passed() {
      const std::lock_guard lock(here_);
      return passed_;
    }

   private:
    void sink_it_(const spdlog::details::log_msg& message) override {
      std::unique_lock lock(here_);
      waiting_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return leave_ != 0; });
      waiting_ = false;
      --leave_;
      constexpr std::size_t enough = 100;
      passed_.emplace_back(message.payload.data(), std::min(message.payload.size(), enough));
    }
    void flush_() override {}
    std::mutex here_;
    std::condition_variable changed_;
    std::size_t leave_ = 0;
    bool waiting_ = false;
    std::vector<std::string> passed_;
  };
  std::shared_ptr<Sink> sink_;
  std::vector<spdlog::sink_ptr> old_sinks_;
};

int logs(int count, std::size_t length) {
  const std::string text(length, 'x');
  for (int i = 0; i < count; ++i) spdlog::warn(text);
  return count;
}

class Floods : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Floods);

TEST_P(Floods, of_log_records_before_a_slow_sink_take_bounded_memory_and_are_counted) {
  constexpr int count = 80'000;
  Barred sink;
  Pool pool = make_pool(1);
  pool.apply(square, 1);
  const std::size_t before = resident_of(::getpid());
  EXPECT_EQ(pool.apply(logs, count, 1000), count);  // results pass, whatever the sink does
  if (!under_sanitizer) {
    EXPECT_LT(resident_of(::getpid()), before + 40 * mebibyte);
  }
  sink.open();
  pool.close();
  pool.join();
  std::size_t passed = 0, dropped = 0, lines = 0;
  for (const std::string& text : sink.passed()) {
    if (contains(text, "xxx")) {
      ++passed;
    } else if (contains(text, " records of ") && contains(text, " were dropped")) {
      ++lines;
      dropped += std::stoul(text.substr(text.find(": ") + 2));
    }
  }
  EXPECT_EQ(passed + dropped, static_cast<std::size_t>(count));
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(lines, 1U);
}

TEST_P(Floods, of_log_records_hold_up_no_callback) {
  Barred sink;
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(logs, 2000, 10), 2000);
  ASSERT_TRUE(sink.wait_for_one());
  std::promise<int> called;
  pool.apply_async(square, 3).on_success([&](int x) { called.set_value(x); }).get();
  auto future = called.get_future();
  // Perhaps it is posted only when the sink has the next record already.
  while (future.wait_for(20ms) != std::future_status::ready && sink.passed().size() < 1000)
    sink.let_pass(1);
  const std::size_t passed = sink.passed().size();
  sink.open();
  EXPECT_EQ(future.get(), 9);
  EXPECT_LT(passed, 100U);
}

TEST_P(Floods, of_log_records_before_a_stopped_sink_leave_the_destructor_its_time) {
  Barred sink;
  auto pool = std::make_unique<Pool>(options(1));
  EXPECT_EQ(pool->apply(logs, 5000, 10), 5000);
  ASSERT_TRUE(sink.wait_for_one());
  std::promise<void> gone;
  std::thread ender([&] {
    pool.reset();
    gone.set_value();
  });
  auto future = gone.get_future();
  // Each record takes its time; all of them would take for ever.
  while (future.wait_for(10ms) != std::future_status::ready && sink.passed().size() < 4000)
    sink.let_pass(1);
  const std::size_t passed = sink.passed().size();
  sink.open();
  ender.join();
  EXPECT_LT(passed, 2000U);
  const std::vector<std::string> all = sink.passed();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(),
                          [](const std::string& text) { return contains(text, " were dropped"); }));
}

TEST_P(Floods, of_pools_with_many_workers_share_one_bound) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  Barred sink;
  Pool pool = make_pool(8);
  const std::size_t before = resident_of(::getpid());
  const auto flood = [](int) { return logs(16'000, 1000); };
  pool.with({.chunk = 1}).map(flood, std::vector<int>(8));
  EXPECT_LT(resident_of(::getpid()), before + 100 * mebibyte);  // of 128
  sink.open();
}

/// What a terminal takes for a command, as a worker may send it.
const std::string commands =
    "\x1b]0;owned\x07 \r\x08\x7f \x9b"
    "31m \xc2\x9b"
    "2J \xe2\x82\xac \xc3\x9b\ttab\nline" +
    std::string(1, '\0');
const std::string harmless =
    "\\x1b]0;owned\\x07 \\r\\x08\\x7f \\x9b"
    "31m \\xc2\\x9b"
    "2J \xe2\x82\xac \xc3\x9b\ttab\nline\\x00";

TEST_P(Floods, of_control_characters_in_a_record_reach_no_terminal) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  pool.apply([](const std::string& text) { spdlog::warn(text); }, commands);
  pool.close();
  pool.join();
  const auto records = log.records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records[0].text.ends_with("] " + harmless)) << records[0].text;
}

TEST_P(Floods, of_control_characters_in_an_exceptions_text_reach_no_terminal) {
  const LogCatcher log;
  {
    Pool pool = make_pool(1);
    static_cast<void>(pool.apply_async(
        [](const std::string& text) -> int { throw std::runtime_error(text); }, commands));
    pool.close();
    pool.join();
  }
  EXPECT_EQ(log.records_with(harmless.substr(0, harmless.find("\\x00"))).size(), 1U);
}

TEST_P(Floods, of_control_characters_in_last_records_reach_no_terminal_in_a_report) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] {
    pool.apply(
        [](const std::string& text) {
          spdlog::warn(text);
          ::raise(SIGKILL);
        },
        commands);
  });
  ASSERT_EQ(lost.report().last_log_lines.size(), 1U);
  EXPECT_EQ(lost.report().last_log_lines[0], "warning: " + harmless);
}

// --- descriptors ---

/// One message on the descriptor channel with copies of a descriptor.
bool send_copies(int descriptor, std::size_t count, std::span<const std::byte> bytes) {
  const std::vector<int> copies(count, descriptor);
  return send_raw(channel_socket, bytes.data(), bytes.size(), copies, 0);
}

struct Token {
  std::uint64_t process, number;
  std::uint32_t kind, unused;
};
struct Packet {
  std::uint64_t group = 0, count = 16;
  std::array<Token, 16> tokens{};
};

int attaches_without_end(int) {
  ::signal(SIGTERM, SIG_IGN);
  Packet packet{.count = 1, .tokens = {}};
  for (std::uint64_t number = 1;; ++number) {
    packet.tokens[0] = {0xbad, number, 0, 0};
    if (!send_copies(2, 1, std::as_bytes(std::span(&packet, 1)).first(16 + sizeof(Token))))
      ::_exit(3);
    if (!write_frame(protocol::Type::attached)) ::_exit(4);
  }
}

class AttachedDescriptors : public PoolTest {};
BROOD_FOR_EVERY_METHOD(AttachedDescriptors);

TEST_P(AttachedDescriptors, descriptors_without_end_end_the_worker_and_take_few_here) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply(attaches_without_end, 1), WorkerLost);
  EXPECT_EQ(pool.apply(square, 3), 9);
  pool.close();
  pool.join();
  EXPECT_EQ(log.records_with("descriptors").size(), 1U);
}

/// As often as it likes: each costs its owner the close of what came along.
[[noreturn]] void tells_of_what_is_none() {
  for (int i = 0; i < 8; ++i)
    send_copies(2, 200, std::as_bytes(std::span("no descriptors of shared objects")));
  for (int i = 0; i < 100'000; ++i) write_frame(protocol::Type::attached);
  hang();
}

TEST_P(AttachedDescriptors, what_is_none_ends_the_worker_at_its_first) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply(tells_of_what_is_none), WorkerLost);
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(log.records_with("the one descriptor").size(), 1U);
}

/// As results with many handles do, and then no result.
[[noreturn]] void carries_much() {
  ::signal(SIGTERM, SIG_IGN);
  Packet packet{.count = 1, .tokens = {}};
  for (std::uint64_t number = 1; number <= 1000; ++number) {
    packet.tokens[0] = {0xbad, number, 0, 0};
    if (!send_copies(2, 1, std::as_bytes(std::span(&packet, 1)).first(16 + sizeof(Token)))) break;
    if (!write_frame(protocol::Type::attached)) break;
  }
  hang();
}

TEST_P(AttachedDescriptors, descriptors_leave_the_program_room_for_its_own) {
  const LogCatcher log;
  Pool pool = make_pool(2);
  pool.map(square, std::vector<int>(10, 3));  // both are there
  const FewDescriptors few(600);
  const auto result = pool.with({.timeout = 60s}).apply_async(carries_much);
  while (!result.ready()) {
    const platform::Descriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(one);
    ASSERT_EQ(pool.with({.timeout = 5s}).apply(square, 3), 9);
  }
  EXPECT_THROW(result.get(), WorkerLost);
  EXPECT_EQ(log.records_with("room").size(), 1U);
}

TEST_P(AttachedDescriptors, descriptors_that_find_no_room_end_the_worker_at_last) {
  const LogCatcher log;
  Pool pool = make_pool(1);
  pool.apply(square, 3);
  const FewDescriptors few(60);
  EXPECT_THROW(pool.with({.timeout = 60s}).apply(carries_much), WorkerLost);
  EXPECT_EQ(pool.apply(square, 3), 9);
  EXPECT_EQ(log.records_with("room").size(), 1U);
}

std::vector<Value<int>> takes_turns(const Value<int>& one, const Value<int>& other) {
  std::vector<Value<int>> values;
  for (int i = 0; i < 500; ++i) values.insert(values.end(), {one, other});
  return values;
}

TEST_P(AttachedDescriptors, descriptors_of_one_object_count_once) {
  Pool pool = make_pool(1);
  pool.apply(square, 3);
  const Value<int> one(1), other(2);
  const FewDescriptors few(600);
  EXPECT_EQ(pool.apply(takes_turns, one, other).size(), 1000U);
}

/// Then what is sent to it fails there (EPERM).
int refuses_descriptors(int) {
  constexpr int pass_rights = 83;  // SO_PASSRIGHTS, of Linux 6.16
  const int no = 0;
  return ::setsockopt(channel_socket, SOL_SOCKET, pass_rights, &no, sizeof no);
}

TEST_P(AttachedDescriptors, descriptors_that_a_worker_refuses_go_to_another) {
  Pool pool = make_pool(1);
  if (pool.apply(refuses_descriptors, 0) != 0) GTEST_SKIP() << "this kernel knows no such option";
  const Value<int> value(42);
  const auto reads = [](const Value<int>& given) { return given.get(); };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool.apply(reads, value), 42);
  EXPECT_EQ(pool.apply_async(reads, value).get(), 42);
}

/// Messages of every size and with every number of descriptors that are no messages.
int carries_nonsense(int round) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(1 + round * 37 % 3000), std::byte(0xff));
  for (std::size_t count = 1; count <= 20; ++count) {
    send_copies(2, count, bytes);
    write_frame(protocol::Type::attached);
  }
  Packet packet;
  packet.count = ~std::uint64_t{0} - static_cast<std::uint64_t>(round);
  send_copies(2, 3, std::as_bytes(std::span(&packet, 1)));
  write_frame(protocol::Type::attached);
  packet.count = 1;
  packet.tokens[0] = {0xbad, 1, 77, 77};  // of no kind
  send_copies(2, 1, std::as_bytes(std::span(&packet, 1)).first(16 + sizeof(Token)));
  write_frame(protocol::Type::attached);
  for (int i = 0; i < 10; ++i) write_frame(protocol::Type::attached);  // and none waits
  return round;
}

TEST_P(AttachedDescriptors, nonsense_changes_no_value_and_leaves_nothing_open) {
  const LogCatcher log;
  Pool pool = make_pool(2);
  const std::size_t before = descriptors_of("self").size();
  std::vector<int> rounds(100);
  std::iota(rounds.begin(), rounds.end(), 0);
  const auto outcomes = pool.with({.chunk = 1}).try_map(carries_nonsense, rounds);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].has_value()) {
      EXPECT_EQ(outcomes[i].value(), rounds[i]);
    } else {
      EXPECT_THROW(outcomes[i].value(), WorkerLost);
    }
  }
  EXPECT_EQ(pool.map(square, std::vector<int>(100, 3)), std::vector<int>(100, 9));
  EXPECT_LT(descriptors_of("self").size(), before + 50);
}

}  // namespace
}  // namespace brood::testing::floods_test

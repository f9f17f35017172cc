#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "process/process_fixture.hpp"
#include "support/few_descriptors.hpp"
#include "support/log_catcher.hpp"

// What may be run, and with which arguments.
namespace brood::testing::callable_test {
namespace {

using Callable = ProcessTest;
BROOD_FOR_EVERY_METHOD(Callable);

struct Sum {
  int base = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(base);
  }
  void operator()(const std::vector<int>& numbers) const {
    std::exit(std::accumulate(numbers.begin(), numbers.end(), base));
  }
};
struct Counter {
  int count = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(count);
  }
  void leave(int more) { std::exit(count + more); }
};
void exits_with(int a, int b) { std::exit(a + b); }
void changes(std::string& text) {
  text += "!";
  std::exit(static_cast<int>(text.size()));
}

TEST_P(Callable, whatever_may_be_a_task_runs_under_every_method) {
  EXPECT_EQ(code_of(exits_with, 1, 2), 3);
  EXPECT_EQ(code_of([](int a) { std::exit(a); }, 4), 4);
  EXPECT_EQ(code_of(Sum{10}, std::vector{1, 2, 3}), 16);
  EXPECT_EQ(code_of(&Counter::leave, Counter{20}, 2), 22);
  EXPECT_EQ(code_of(task(exits_with, 5), 6), 11);
  int captured = 13;
  EXPECT_EQ(code_of(copied([captured] { std::exit(captured); })), 13);
  EXPECT_EQ(
      code_of([](std::unique_ptr<int> number) { std::exit(*number); }, std::make_unique<int>(17)),
      17);
}

TEST_P(Callable, arguments_are_values_and_text_is_a_string) {
  EXPECT_EQ(code_of(changes, "four"), 5);
  EXPECT_EQ(code_of(changes, std::string_view("five!")), 6);
  const std::vector<int> kept{1, 2};
  EXPECT_EQ(code_of(Sum{}, kept), 3);
}

TEST_P(Callable, a_large_argument_arrives) {
  const std::vector<int> large(1'000'000, 1);
  EXPECT_EQ(code_of(
                [](const std::vector<int>& numbers) {
                  std::exit(static_cast<int>(std::accumulate(numbers.begin(), numbers.end(), 0) /
                                             10'000));
                },
                large),
            100);
}

struct Unwilling {
  template <class Archive>
  void save(Archive&) const {
    throw std::runtime_error("not for sale");
  }
  template <class Archive>
  void load(Archive&) {}
};

TEST_P(Callable, an_encoding_error_is_thrown_by_start) {
  Process process(
      by_method(), [](const Unwilling&) {}, Unwilling());
  if (method() == "fork") {
    process.start();
    process.join();
    EXPECT_EQ(process.exit_code(), 0);
  } else {
    EXPECT_THROW(process.start(), std::exception);
    EXPECT_THROW(process.join(), UsageError);
  }
}

struct Unsent {  // no serializer
  std::thread::id id;
};

class NoTask : public ProcessTest {
 protected:
  template <class... Args>
  std::string refusal_of(Args&&... args) const {
    Process process(by_method(), std::forward<Args>(args)...);
    return caught<UsageError>([&] { process.start(); }).what();
  }
};
INSTANTIATE_TEST_SUITE_P(Method, NoTask, ::testing::Values("forkserver", "spawn"), method_name);

TEST_P(NoTask, a_usage_error_says_what_to_write_instead) {
  int here = 0;
  EXPECT_TRUE(contains(refusal_of([&here] { ++here; }), "brood::task(function, values...)"));
  EXPECT_TRUE(contains(refusal_of(std::function<void()>([] {})), "std::function"));
  EXPECT_TRUE(contains(refusal_of([](int, const Unsent&) {}, 1, Unsent()), "argument 2"));
  EXPECT_TRUE(
      contains(refusal_of([](const std::vector<Unsent>&) {}, std::vector<Unsent>()), "cereal"));
  EXPECT_TRUE(contains(refusal_of([](const std::map<int, Unsent>&) {}, std::map<int, Unsent>()),
                       "argument 1"));
  EXPECT_TRUE(contains(
      refusal_of([](const std::unique_ptr<Unsent>&) {}, std::make_unique<Unsent>()), "argument 1"));
  EXPECT_TRUE(contains(refusal_of([](const std::optional<Unsent>&) {}, std::optional<Unsent>()),
                       "argument 1"));
  EXPECT_TRUE(contains(refusal_of([](int*) {}, &here), "argument 1"));
}

class Forked : public PoolCheck {
 protected:
  template <class F, class... Args>
  static std::optional<int> code_of(F function, Args&&... args) {
    Process process({.start_method = "fork"}, std::move(function), std::forward<Args>(args)...);
    process.start();
    process.join();
    return process.exit_code();
  }
};

TEST_F(Forked, any_callable_runs_and_nothing_is_encoded) {
  int local = 5;
  const auto pointer = std::make_unique<int>(6);
  EXPECT_EQ(code_of([&local, &pointer] { std::exit(local + *pointer); }), 11);
  EXPECT_EQ(code_of([owned = std::make_unique<int>(7)] { std::exit(*owned); }), 7);
  EXPECT_EQ(code_of(std::function<void()>([] { std::exit(8); })), 8);
  EXPECT_EQ(code_of([](std::unique_ptr<Unsent> given) { std::exit(given ? 9 : 0); },
                    std::make_unique<Unsent>()),
            9);
  EXPECT_EQ(code_of([](std::map<int, Unsent>& all) { std::exit(all.empty() ? 10 : 0); },
                    std::map<int, Unsent>()),
            10);
  std::mutex mutex;
  EXPECT_EQ(code_of([](std::mutex* there) { std::exit(there->try_lock() ? 12 : 0); }, &mutex), 12);
}

TEST_F(Forked, the_child_sees_the_memory_as_it_is_at_start_and_changes_its_own) {
  int value = 1;
  Process process({.start_method = "fork"}, [&value] { std::exit(++value); });
  value = 20;
  process.start();
  process.join();
  EXPECT_EQ(process.exit_code(), 21);
  EXPECT_EQ(value, 20);
}

TEST_F(Forked, the_child_keeps_what_descriptors_the_program_has_open) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Scratch scratch;
  EXPECT_EQ(code_of([write = ends[1]] { std::exit(::write(write, "x", 1) == 1 ? 0 : 1); }), 0);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Forked, the_callable_is_dropped_here_once_it_runs_there) {
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = token;
  Process process({.start_method = "fork"}, [token = std::move(token)] {});
  EXPECT_FALSE(watched.expired());
  process.start();
  EXPECT_TRUE(watched.expired());
}

TEST_F(Forked, a_process_may_be_started_in_any_thread) {
  const LogCatcher quiet;
  std::thread([] {
    EXPECT_EQ(code_of([] { std::exit(3); }), 3);
    EXPECT_EQ(code_of([] { throw 1; }), 1);
  }).join();
}

TEST_F(Forked, threads_are_warned_about_once_and_not_at_every_start) {
  const LogCatcher log;
  std::thread([] {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(code_of([] { std::exit(0); }), 0);
  }).join();
  EXPECT_LE(log.fork_warnings().size(), 1U);  // 0: an earlier test of this program was warned
}

TEST_F(Forked, a_callable_may_ask_about_its_process_when_it_is_destroyed) {
  struct Asks {
    std::optional<Process>* process;
    bool* said;
    Asks(std::optional<Process>* whom, bool* answer) : process(whom), said(answer) {}
    ~Asks() { *said = (*process)->is_alive() || (*process)->exit_code().has_value(); }
  };
  std::optional<Process> process;
  bool said = false;
  process.emplace(ProcessOptions{.start_method = "fork"},
                  [asks = std::make_shared<Asks>(&process, &said)] { std::exit(3); });
  process->start();
  EXPECT_TRUE(said);
  process->join();
}

TEST_F(Forked, a_callable_has_not_run_when_start_throws) {
  if (under_address_sanitizer) GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
  bool started = false;
  for (int more = 0; !started; ++more) {
    ASSERT_LT(more, 40);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    Process process({.start_method = "fork"},
                    [end = ends[1]] { EXPECT_EQ(::write(end, "x", 1), 1); });
    try {
      const FewDescriptors few(more);
      process.start();
      started = true;
    } catch (const SystemError&) {
    }
    ::close(ends[1]);
    char text = 0;
    EXPECT_EQ(::read(ends[0], &text, 1), started ? 1 : 0) << more;
    ::close(ends[0]);
  }
}

}  // namespace
}  // namespace brood::testing::callable_test

#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "process/process_fixture.hpp"
#include "support/in_child.hpp"
#include "support/sanitizers.hpp"

// From the making of a Process to its end.
namespace brood::testing::life_test {
namespace {

using Life = ProcessTest;
BROOD_FOR_EVERY_METHOD(Life);

void says(const std::string& path, const std::string& text, int number) {
  append_line(path, text + " " + std::to_string(number));
}

TEST_P(Life, the_callable_runs_with_its_arguments_in_another_process) {
  EXPECT_EQ(words_of(says, "forty", 42), std::vector<std::string>{"forty 42"});
  const auto tell_pid = [](const std::string& path) {
    append_line(path, std::to_string(::getpid()));
  };
  EXPECT_NE(words_of(tell_pid).at(0), std::to_string(::getpid()));
}

TEST_P(Life, it_is_alive_between_start_and_end) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  Process process(by_method(), waits_at, mailbox.path(), gate.path());
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exit_code(), std::nullopt);
  process.start();
  EXPECT_EQ(mailbox.receive(), std::to_string(process.pid()));
  EXPECT_TRUE(process.is_alive());
  EXPECT_EQ(process.exit_code(), std::nullopt);
  EXPECT_EQ(::testing::PrintToString(process.exit_code()), "none");
  EXPECT_THROW(static_cast<int>(process.exit_code()), UsageError);
  EXPECT_THROW(process.exit_code().value(), UsageError);
  EXPECT_THROW(static_cast<void>(process.exit_code() < 0), UsageError);
  EXPECT_FALSE(process.exit_code() == 0);
  const std::optional<int> none = process.exit_code();
  EXPECT_EQ(none, std::nullopt);
  EXPECT_FALSE(process.join_for(0s));
  EXPECT_FALSE(process.join_for(1ms));
  EXPECT_FALSE(process.join_until(std::chrono::steady_clock::time_point::min()));
  pollfd sentinel{process.sentinel(), POLLIN, 0};
  EXPECT_EQ(::poll(&sentinel, 1, 0), 0);
  gate.open();
  EXPECT_EQ(::poll(&sentinel, 1, 30'000), 1);
  process.join();
  EXPECT_FALSE(process.is_alive());
  EXPECT_EQ(process.exit_code(), 0);
  const int number = process.exit_code();
  EXPECT_EQ(number, 0);
  const std::optional<int> some = process.exit_code();
  EXPECT_EQ(some, 0);
  EXPECT_FALSE(process.exit_code() < 0);
  EXPECT_EQ(::testing::PrintToString(process.exit_code()), "0");
  EXPECT_TRUE(process.join_for(0s));
  EXPECT_TRUE(process.join_until(std::chrono::steady_clock::time_point::min()));
  EXPECT_EQ(process.exit_status().describe(), "exit code 0");
}

TEST_P(Life, an_exit_code_is_a_byte_as_in_python) {
  const auto exits = [](int code) { std::exit(code); };
  EXPECT_EQ(code_of(exits, 0), 0);
  EXPECT_EQ(code_of(exits, 7), 7);
  EXPECT_EQ(code_of(exits, 256), 0);
  EXPECT_EQ(code_of(exits, -1), 255);
  EXPECT_EQ(code_of([] { ::_exit(9); }), 9);
  // UBSan takes the reference to nothing in particular, as which a forced unwinding is caught, for
  // a wild one.
  if (!under_address_sanitizer) {
    EXPECT_EQ(code_of([] { ::pthread_exit(nullptr); }), 0);
  }
}

TEST_P(Life, a_signal_is_a_negative_exit_code) {
  for (const int number : {SIGTERM, SIGKILL, SIGINT, SIGUSR1, SIGHUP, SIGPIPE, SIGALRM}) {
    EXPECT_EQ(code_of([](int signal) { ::raise(signal); }, number), -number);
  }
  EXPECT_EQ(code_of([] { std::abort(); }), -SIGABRT);
}

TEST_P(Life, the_owner_ends_it_by_three_signals) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  const std::pair<void (Process::*)(), int> ways[] = {
      {&Process::terminate, SIGTERM}, {&Process::kill, SIGKILL}, {&Process::interrupt, SIGINT}};
  for (const auto& [end, signal] : ways) {
    Process process = started(waits_for_ever, mailbox.path());
    mailbox.receive();
    (process.*end)();
    process.join();
    EXPECT_EQ(process.exit_code(), -signal);
    EXPECT_EQ(process.exit_status().kind, ExitStatus::Kind::signaled);
    (process.*end)();  // it has ended: nothing
  }
}

TEST_P(Life, what_comes_too_early_or_too_late_is_a_usage_error) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Process process(by_method(), waits_for_ever, mailbox.path());
  EXPECT_THROW(process.join(), UsageError);
  EXPECT_THROW(process.join_for(1s), UsageError);
  EXPECT_THROW(process.pid(), UsageError);
  EXPECT_THROW(process.sentinel(), UsageError);
  EXPECT_THROW(process.terminate(), UsageError);
  EXPECT_THROW(process.exit_status(), UsageError);
  process.start();
  mailbox.receive();
  EXPECT_THROW(process.start(), UsageError);
  EXPECT_THROW(process.close(), UsageError);
  EXPECT_THROW(process.exit_status(), UsageError);
  process.kill();
  process.join();
  EXPECT_THROW(process.start(), UsageError);
  process.close();
  process.close();
  EXPECT_THROW(process.join(), UsageError);
  EXPECT_THROW(process.is_alive(), UsageError);
  EXPECT_THROW(process.exit_code(), UsageError);
  EXPECT_THROW(process.pid(), UsageError);
  EXPECT_THROW(process.start(), UsageError);
}

TEST_P(Life, one_that_was_never_started_is_closed_and_destroyed) {
  Process process(by_method(), [] {});
  process.close();
  EXPECT_THROW(process.start(), UsageError);
  const Process other(by_method(), [] {});
  EXPECT_TRUE(active_children().empty());
}

TEST_P(Life, a_forked_child_has_no_use_for_its_owners_processes) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Process process = started(waits_for_ever, mailbox.path());
  mailbox.receive();
  EXPECT_EQ(in_child([&] {
              if (!active_children().empty()) return 1;
              try {
                process.join();
              } catch (const UsageError&) {
                const Process gone = std::move(process);  // does nothing
                return 0;
              }
              return 2;
            }),
            0);
  EXPECT_TRUE(process.is_alive());
  process.kill();
}

TEST_P(Life, a_running_handle_can_be_moved) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Gate gate(scratch.path("gate"));
  Process first = started(waits_at, mailbox.path(), gate.path());
  const int pid = first.pid();
  Process second = std::move(first);
  EXPECT_THROW(first.join(), UsageError);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.pid(), pid);
  std::vector<Process> all;
  all.push_back(std::move(second));
  gate.open();
  all.front().join();
  EXPECT_EQ(all.front().exit_code(), 0);
}

TEST_P(Life, assigning_to_a_running_handle_ends_what_it_had) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Process process(daemon(), waits_for_ever, mailbox.path());
  process.start();
  const Watched before(std::stoi(mailbox.receive()));
  process = Process(by_method(), [] { std::exit(3); });
  EXPECT_TRUE(before.ends_within(0ms));
  process.start();
  process.join();
  EXPECT_EQ(process.exit_code(), 3);
}

TEST_P(Life, the_destructor_joins) {
  const Scratch scratch;
  { const Process process = started(says, scratch.path("words"), "written", 1); }
  EXPECT_EQ(lines_of(scratch.path("words")).size(), 1U);
}

TEST_P(Life, the_destructor_of_a_daemon_ends_it) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  for (const auto waits : {waits_for_ever, waits_deaf}) {
    int pid = 0;
    {
      Process process(daemon(), waits, mailbox.path());
      process.start();
      pid = std::stoi(mailbox.receive());
    }
    EXPECT_EQ(::kill(pid, 0), -1) << "it is there still";
  }
}

TEST_P(Life, eight_threads_that_join_see_the_same_end) {
  for (int round = 0; round < times(20, 3); ++round) {
    Process process(
        by_method(), [](int code) { std::exit(code); }, round);
    process.start();
    std::atomic<int> agreed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        if (i % 2 == 0) process.join();
        while (process.is_alive()) process.join_for(1ms);
        agreed += process.exit_code() == round && process.exit_status().value == round;
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(agreed, 8);
  }
}

TEST_P(Life, starting_and_joining_leaves_no_descriptor) {
  const auto nothing = [] {};
  code_of(nothing);  // the fork server stays
  const auto before = descriptors_of("self");
  const int count = method() == "fork" ? times(1000, 50) : times(200, 20);
  for (int i = 0; i < count; ++i) ASSERT_EQ(code_of(nothing), 0);
  EXPECT_EQ(descriptors_of("self"), before);
}

TEST_P(Life, many_run_at_the_same_time) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::vector<Process> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(started(
        [](const std::string& at, int code) {
          Gate::pass(at);
          std::exit(code);
        },
        gate.path(), i));
  EXPECT_EQ(active_children().size(), 10U);
  gate.open();
  for (int i = 9; i >= 0; --i) {
    all[static_cast<std::size_t>(i)].join();
    EXPECT_EQ(all[static_cast<std::size_t>(i)].exit_code(), i);
  }
  EXPECT_TRUE(active_children().empty());
}

int in_a_program_that(void (*changes)(), const std::string& method) {
  return in_child([&] {
    changes();
    Process good({.start_method = method}, [] { std::exit(7); });
    good.start();
    good.join();
    Process killed({.start_method = method}, [] { ::raise(SIGKILL); });
    killed.start();
    killed.join();
    start::drop_forkserver();
    if (good.exit_code() != 7) return 1;
    const ExitStatus end = killed.exit_status();
    return end.kind == ExitStatus::Kind::lost || end.value == SIGKILL ? 0 : 2;
  });
}

TEST_P(Life, a_program_may_ignore_its_children) {
  EXPECT_EQ(in_a_program_that([] { std::signal(SIGCHLD, SIG_IGN); }, method()), 0);
}

TEST_P(Life, a_program_may_reap_every_child_in_its_handler) {
  const auto reap_all = [] {
    std::signal(SIGCHLD, [](int) {
      const int error = errno;
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      errno = error;
    });
  };
  EXPECT_EQ(in_a_program_that(reap_all, method()), 0);
}

// On one CPU the child often ends before the parent goes on.
void reap_every_child_in_a_thread() {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(static_cast<unsigned>(::sched_getcpu()), &first);
  ::sched_setaffinity(0, sizeof first, &first);
  std::thread([] {
    for (;;) {
      if (::waitpid(-1, nullptr, 0) < 0) std::this_thread::yield();
    }
  }).detach();
}

TEST_P(Life, a_program_may_reap_every_child_in_a_thread) {
  if (method() != "fork") GTEST_SKIP() << "a program that is executed does not end so soon";
  EXPECT_EQ(in_child([] {
              reap_every_child_in_a_thread();
              for (int i = 0; i < 300; ++i) {
                Process process({.start_method = "fork"}, [] { ::_exit(7); });
                process.start();
                process.join();
              }
              return 0;
            }),
            0);
}

TEST_P(Life, it_takes_the_default_method_and_a_launcher) {
  set_start_method(method());
  Process process([] { std::exit(4); });
  set_start_method(start_methods().front());
  EXPECT_EQ(process.name().substr(0, 5), Process(by_method(), [] {}).name().substr(0, 5));
  process.start();
  process.join();
  EXPECT_EQ(process.exit_code(), 4);
}

struct Modest : Launcher {
  std::string name() const override { return "modest"; }
  int launch(WorkerCommand command) override {
    command.arguments.insert(command.arguments.begin(), {"nice", "-n", "5"});
    return brood::spawn(command);
  }
};
using Launched = PoolCheck;

TEST_F(Launched, a_launcher_starts_processes_too) {
  Process process(
      {.start_method = std::make_shared<Modest>()}, [](int code) { std::exit(code); }, 5);
  EXPECT_TRUE(process.name().starts_with("ModestProcess-"));
  process.start();
  process.join();
  EXPECT_EQ(process.exit_code(), 5);
}

struct Refusing : Launcher {
  std::string name() const override { return "refusing"; }
  int launch(WorkerCommand) override { throw std::runtime_error("not today"); }
};

TEST_F(Launched, a_start_that_fails_may_be_tried_again) {
  Process process({.start_method = std::make_shared<Refusing>()}, [] {});
  EXPECT_THROW(process.start(), StartError);
  EXPECT_THROW(process.join(), UsageError);
  EXPECT_TRUE(active_children().empty());
  EXPECT_THROW(process.start(), StartError);
}

}  // namespace
}  // namespace brood::testing::life_test

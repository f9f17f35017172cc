#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"
#include "support/sanitizers.hpp"
#include "support/worker_channel.hpp"
#include "victims/tasks.hpp"

// What a WorkerLost tells of the end of its worker.
namespace brood::testing::crash_report_test {
namespace {

using Cause = CrashReport::Cause;

constexpr std::uintptr_t nowhere = 0x1234560;

class CrashReports : public PoolTest {
 protected:
  template <class... Args>
  WorkerLost lost_in(int (*task)(Args...), Args... args) const {
    Pool pool = make_pool(1);
    return caught<WorkerLost>([&] { pool.apply(task, args...); });
  }
};
BROOD_FOR_EVERY_METHOD(CrashReports);

/// Whether the line of `function` comes in the trace, and what called it behind.
void expect_trace(const CrashReport& report, const std::string& function) {
  const std::string trace = report.stack_trace();
  EXPECT_TRUE(contains(trace, function)) << trace;
  EXPECT_TRUE(trace.starts_with("#0 ")) << trace;
  EXPECT_LT(trace.find(function), trace.find("brood::worker::")) << trace;
}

TEST_P(CrashReports, of_a_fault_have_its_address_and_a_trace_with_the_task) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const WorkerLost lost = lost_in(victims::writes_to, nowhere);
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_EQ(lost.report().cause, Cause::crashed);
  EXPECT_EQ(lost.report().signal, SIGSEGV);
  EXPECT_EQ(lost.report().address, nowhere);
  EXPECT_FALSE(lost.report().stack_overflow);
  EXPECT_GT(lost.report().peak_resident, 0U);
  EXPECT_TRUE(contains(lost.what(), "a fault at address 0x1234560")) << lost.what();
  expect_trace(lost.report(), "brood::victims::writes_to(unsigned long)");
  EXPECT_TRUE(contains(lost.report().stack_trace(), "writes_to.cpp:6"));
}

TEST_P(CrashReports, of_a_stack_overflow_have_a_trace) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const WorkerLost lost = lost_in(victims::overflows_the_stack, 0);
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_TRUE(lost.report().address.has_value());
  EXPECT_TRUE(contains(lost.report().stack_trace(), "overflows_the_stack"));
  EXPECT_TRUE(lost.report().stack_overflow);
  EXPECT_TRUE(contains(lost.what(), "a stack overflow at address 0x")) << lost.what();
}

int has_a_large_local_variable(int value) {
  volatile char room[std::size_t{1} << 30];
  room[0] = static_cast<char>(value);
  return room[0];
}

TEST_P(CrashReports, of_a_local_variable_larger_than_the_stack_say_so) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  rlimit limit{};
  ::getrlimit(RLIMIT_STACK, &limit);
  if (limit.rlim_cur > 1U << 30) GTEST_SKIP() << "there is room for it";
  EXPECT_TRUE(lost_in(has_a_large_local_variable, 1).report().stack_overflow);
}

int takes_more_than_the_stack(std::size_t bytes) {
  auto* const room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
  return room[0];
}

TEST_P(CrashReports, of_memory_that_is_taken_from_the_stack_beyond_its_end_say_so) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  rlimit limit{};
  ::getrlimit(RLIMIT_STACK, &limit);
  if (limit.rlim_cur > 1U << 26) GTEST_SKIP() << "there is room for it";
  EXPECT_TRUE(lost_in(takes_more_than_the_stack, std::size_t{100} << 20).report().stack_overflow);
}

#if !BROOD_UNDER_ADDRESS_SANITIZER
int writes_past_the_end_of_the_stack(int value) {
  for (volatile auto* at = static_cast<char*>(__builtin_frame_address(0));; at += 4096)
    *at = static_cast<char>(value);
}

TEST_P(CrashReports, of_a_write_past_the_end_of_the_stack_call_it_no_overflow) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const WorkerLost lost = lost_in(writes_past_the_end_of_the_stack, 1);
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_FALSE(lost.report().stack_overflow);
}
#endif

TEST_P(CrashReports, of_abort_have_a_trace_and_no_address) {
  const WorkerLost lost = lost_in(victims::aborts, 0);
  EXPECT_EQ(lost.signal(), SIGABRT);
  EXPECT_EQ(lost.report().cause, Cause::crashed);
  EXPECT_FALSE(lost.report().address.has_value());
  expect_trace(lost.report(), "brood::victims::aborts(int)");
}

TEST_P(CrashReports, of_an_exception_through_noexcept_have_a_trace_of_the_throw) {
  const WorkerLost lost = lost_in(victims::throws_through_noexcept, 0);
  EXPECT_EQ(lost.signal(), SIGABRT);
  EXPECT_TRUE(contains(lost.report().stack_trace(), "throws_through_noexcept"))
      << lost.report().stack_trace();
}

TEST_P(CrashReports, of_a_worker_that_another_process_terminates_blame_no_pool) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);
  for (int i = 0; i < 5; ++i) {
    const auto call = pool.apply_async(victims::never_returns, mailbox.path());
    ::kill(std::stoi(mailbox.receive()), SIGTERM);
    const WorkerLost lost = caught<WorkerLost>([&] { call.get(); });
    EXPECT_EQ(lost.signal(), SIGTERM);
    EXPECT_EQ(lost.report().cause, Cause::killed) << lost.what();
  }
}

#ifdef __x86_64__  // others divide in silence
TEST_P(CrashReports, of_a_division_by_zero_have_its_place) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const WorkerLost lost = lost_in(victims::divides_by, 0);
  EXPECT_EQ(lost.signal(), SIGFPE);
  EXPECT_EQ(lost.report().cause, Cause::crashed);
  EXPECT_TRUE(lost.report().address.has_value());
  expect_trace(lost.report(), "brood::victims::divides_by(int)");
}

TEST_P(CrashReports, of_a_call_through_a_null_pointer_have_the_caller) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const WorkerLost lost = lost_in(victims::calls_nothing, 1);
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_EQ(lost.report().address, 0U);
  expect_trace(lost.report(), "brood::victims::calls_nothing(int)");
}
#endif

TEST_P(CrashReports, of_a_crash_in_a_library_opened_later_name_its_functions) {
  if (under_address_sanitizer || sanitizer_handles_faults())
    GTEST_SKIP() << "the sanitizer exits instead";
  // Debug information has been read before the library was there.
  EXPECT_FALSE(lost_in(victims::aborts, 0).report().stack_trace().empty());
  void* const library = ::dlopen(POOL_PLUGINS "/pool_opened.so", RTLD_NOW);
  ASSERT_NE(library, nullptr) << ::dlerror();
  const auto crashes = reinterpret_cast<int (*)(int)>(::dlsym(library, "crashes_in_the_plugin"));
  const WorkerLost lost = lost_in(crashes, 1);
  expect_trace(lost.report(), "crashes_in_the_plugin");
  expect_trace(lost.report(), "hidden_in_the_plugin");
  ::dlclose(library);
  const std::string bare = lost.report().stack_trace();
  EXPECT_TRUE(contains(bare, "pool_opened.so + 0x")) << bare;
}

TEST_P(CrashReports, of_a_crash_in_another_thread_have_its_trace) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const auto in_a_thread = [](std::uintptr_t address) {
    std::thread(victims::writes_to, address).join();
    return 0;
  };
  Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.apply(in_a_thread, nowhere); });
  EXPECT_EQ(lost.report().address, nowhere);
  EXPECT_TRUE(contains(lost.report().stack_trace(), "writes_to"));
}

/// Uses so much of both, then gets SIGKILL.
int grows_and_dies(std::size_t bytes, int milliseconds) {
  const std::string memory(bytes, 'x');
  while (std::clock() * 1000 / CLOCKS_PER_SEC < milliseconds) {
  }
  ::kill(::getpid(), SIGKILL);
  return memory.back();
}

TEST_P(CrashReports, of_sigkill_have_no_trace_but_cpu_time_and_peak_memory) {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  const std::size_t bytes =
      static_cast<std::size_t>(own.ru_maxrss) * 1024 + (std::size_t{64} << 20);
  const WorkerLost lost = lost_in(grows_and_dies, bytes, 60);
  const CrashReport& report = lost.report();
  EXPECT_EQ(lost.signal(), SIGKILL);
  EXPECT_EQ(report.cause, Cause::killed);
  EXPECT_TRUE(contains(lost.what(), "it is not known which process sent the signal"))
      << lost.what();
  EXPECT_EQ(report.stack_trace(), "");
  EXPECT_FALSE(report.address.has_value());
  EXPECT_GE(report.cpu_time(), 50ms);
  EXPECT_LT(report.cpu_time(), 60s);
  EXPECT_GT(report.peak_resident, bytes);
  EXPECT_LT(report.peak_resident, 3 * bytes + (std::size_t{1} << 30));
}

int shuts_its_socket_down(int x) {
  ::shutdown(wake_up_socket, SHUT_RDWR);
  ::pause();
  return x;
}

// Its own watch takes that for the end of its owner.
TEST_P(CrashReports, of_a_worker_without_its_socket_say_that_it_ended_itself) {
  const WorkerLost lost = lost_in(shuts_its_socket_down, 1);
  EXPECT_EQ(lost.report().cause, Cause::exited) << lost.what();
  EXPECT_EQ(lost.exit_code(), 83) << lost.what();
}

int writes_no_frame(int x) {
  const std::string garbage(64, 'g');
  write_to_owner(std::as_bytes(std::span(garbage)));
  wait_until_read();
  ::pause();
  return x;
}

TEST_P(CrashReports, of_a_worker_that_the_pool_has_stopped_say_why) {
  const WorkerLost lost = lost_in(writes_no_frame, 1);
  EXPECT_EQ(lost.report().cause, Cause::stopped) << lost.what();
  EXPECT_TRUE(contains(lost.report().stopped_because, "no frame header")) << lost.what();
  EXPECT_TRUE(contains(lost.what(), "the pool stopped it: ")) << lost.what();
}

TEST_P(CrashReports, of_an_exit_say_that_it_ended_itself) {
  const WorkerLost lost = lost_in(victims::exits_at_once, 7);
  EXPECT_EQ(lost.report().cause, Cause::exited);
  EXPECT_EQ(lost.report().describe(), "it ended itself");
  EXPECT_EQ(lost.report().stack_trace(), "");
}

TEST_P(CrashReports, of_a_signal_from_another_process_name_that) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);
  AsyncResult<int> stuck = pool.apply_async(victims::never_returns, mailbox.path());
  ::kill(std::stoi(mailbox.receive()), SIGSEGV);
  const auto lost = caught<WorkerLost>([&] { stuck.get_for(patience); });
  EXPECT_EQ(lost.signal(), SIGSEGV);
  EXPECT_EQ(lost.report().cause, Cause::killed);
  EXPECT_EQ(lost.report().sender, ::getpid());
  EXPECT_TRUE(contains(lost.report().stack_trace(), "never_returns"));
}

TEST_P(CrashReports, of_the_end_of_cpu_time_say_so_and_where_it_was_spent) {
  PoolOptions made = options(1);
  made.limits.cpu_time = 1s;
  Pool pool(made);
  const auto lost = caught<WorkerLost>([&] { pool.apply(victims::burns, 0); });
  EXPECT_EQ(lost.report().cause, Cause::cpu_time_limit);
  EXPECT_EQ(lost.report().cpu_time_limit, 1s);
  EXPECT_GE(lost.report().cpu_time(), 500ms);
  EXPECT_TRUE(contains(lost.what(), "its limit of 1 s of CPU time")) << lost.what();
  if (!under_sanitizer) {
    EXPECT_TRUE(contains(lost.report().stack_trace(), "victims::burns"));
  }
}

int talks_and_aborts(int lines) {
  for (int i = 1; i <= lines; ++i) spdlog::warn("line {}", i);
  spdlog::error(std::string(10'000, 'x'));
  return victims::aborts(0);
}

TEST_P(CrashReports, have_the_last_log_lines_and_long_ones_cut) {
  const LogCatcher log;
  const std::vector<std::string> lines = lost_in(talks_and_aborts, 100).report().last_log_lines;
  ASSERT_EQ(lines.size(), 8U);
  EXPECT_EQ(lines[0], "warning: line 94");
  EXPECT_EQ(lines[6], "warning: line 100");
  EXPECT_EQ(lines[7], "error: " + std::string(249, 'x'));
}

TEST_P(CrashReports, are_not_written_by_a_process_that_the_task_has_forked) {
  const auto forks = [](int code) {
    const int child = ::fork();
    if (child == 0) std::abort();
    int status = 0;
    ::waitpid(child, &status, 0);
    ::_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? code : 1);
    return 0;
  };
  Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.apply(forks, 9); });
  EXPECT_EQ(lost.exit_code(), 9);
  EXPECT_EQ(lost.report().cause, Cause::exited);
  EXPECT_EQ(lost.report().stack_trace(), "");
}

TEST_P(CrashReports, leave_the_handlers_of_the_user_alone) {
  PoolOptions made = options(1);
  made.initializer = [] { std::signal(SIGABRT, [](int) { ::_exit(5); }); };
  Pool pool(made);
  const auto lost = caught<WorkerLost>([&] { pool.apply(victims::aborts, 0); });
  EXPECT_EQ(lost.exit_code(), 5);
}

TEST_P(CrashReports, of_two_attempts_are_those_of_the_last) {
  Pool pool = make_pool(1);
  const auto lost =
      caught<WorkerLost>([&] { pool.with({.retries = 2}).apply(victims::aborts, 0); });
  expect_trace(lost.report(), "brood::victims::aborts(int)");
}

TEST_P(CrashReports, survive_the_way_through_another_process) {
  const auto asks_another = [](const std::string& with) {
    Pool inner({.workers = 1, .start_method = with});
    return inner.apply(talks_and_aborts, 1);
  };
  const LogCatcher log;
  Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.apply(asks_another, method()); });
  EXPECT_EQ(lost.signal(), SIGABRT);
  EXPECT_EQ(lost.report().cause, Cause::crashed);
  EXPECT_EQ(lost.report().last_log_lines.at(0), "warning: line 1");
  expect_trace(lost.report(), "brood::victims::aborts(int)");
}

TEST_P(CrashReports, of_an_initializer_that_crashes_are_told_by_its_start_error) {
  if (sanitizer_handles_faults()) GTEST_SKIP() << "the sanitizer exits instead";
  PoolOptions made = options(1);
  made.initializer = [] { victims::writes_to(nowhere); };
  Pool pool(made);
  const auto error = caught<StartError>([&] { pool.apply(square, 3); });
  EXPECT_TRUE(contains(error.what(), "a fault at address 0x1234560")) << error.what();
}

class CrashReportsOfLaunchers : public PoolCheck {};

struct Plain : Launcher {
  std::string name() const override { return "plain"; }
  int launch(WorkerCommand command) override { return brood::spawn(command); }
};

TEST_F(CrashReportsOfLaunchers, are_complete) {
  if (under_sanitizer) GTEST_SKIP() << "the sanitizer exits instead";
  Pool pool({.workers = 1, .start_method = std::make_shared<Plain>()});
  const auto lost = caught<WorkerLost>([&] { pool.apply(victims::writes_to, nowhere); });
  EXPECT_EQ(lost.report().address, nowhere);
  EXPECT_GT(lost.report().peak_resident, 0U);
  expect_trace(lost.report(), "brood::victims::writes_to(unsigned long)");
}

}  // namespace
}  // namespace brood::testing::crash_report_test

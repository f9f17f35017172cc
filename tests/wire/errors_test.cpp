#include <brood/errors.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace brood::errors_test {
namespace {

using Kind = ExitStatus::Kind;
using namespace std::chrono_literals;

TEST(Errors, an_exit_status_is_described_in_words) {
  EXPECT_EQ((ExitStatus{Kind::exited, 7, false}).describe(), "exit code 7");
  EXPECT_EQ((ExitStatus{Kind::signaled, SIGSEGV, false}).describe(),
            "signal 11 (SIGSEGV, Segmentation fault)");
  EXPECT_EQ((ExitStatus{Kind::signaled, SIGABRT, true}).describe(),
            "signal 6 (SIGABRT, Aborted), core dumped");
  EXPECT_EQ((ExitStatus{Kind::signaled, SIGRTMIN, false}).describe(),
            "signal " + std::to_string(SIGRTMIN) + " (SIGRTMIN)");
  EXPECT_EQ((ExitStatus{Kind::signaled, SIGRTMIN + 2, false}).describe(),
            "signal " + std::to_string(SIGRTMIN + 2) + " (SIGRTMIN+2)");
  EXPECT_EQ((ExitStatus{Kind::signaled, 4711, false}).describe(),
            "signal 4711 (no standard signal)");
  EXPECT_EQ(ExitStatus{}.describe(), "unknown (its exit status was lost)");
}

TEST(Errors, a_lost_worker_says_how_it_ended) {
  const WorkerIdentity worker{"SpawnPoolWorker-2", 123};
  EXPECT_STREQ(
      WorkerLost({Kind::signaled, SIGSEGV, false}, worker, 3).what(),
      "worker SpawnPoolWorker-2 (pid 123) died by signal 11 (SIGSEGV, Segmentation fault) in "
      "element 3");
  EXPECT_STREQ(WorkerLost({Kind::exited, 7, false}, worker, 0).what(),
               "worker SpawnPoolWorker-2 (pid 123) ended with exit code 7 in element 0");
  EXPECT_STREQ(WorkerLost({}, worker, 0).what(),
               "worker SpawnPoolWorker-2 (pid 123) disappeared in element 0; how it ended is "
               "unknown (its exit status "
               "was lost)");
}

TEST(Errors, a_lost_worker_has_a_signal_or_an_exit_code) {
  const WorkerLost killed({Kind::signaled, SIGKILL, false}, {}, 0),
      exited({Kind::exited, 3, false}, {}, 0);
  EXPECT_EQ(killed.signal(), SIGKILL);
  EXPECT_EQ(killed.exit_code(), -1);
  EXPECT_EQ(exited.signal(), 0);
  EXPECT_EQ(exited.exit_code(), 3);
}

TEST(Errors, what_a_task_ended_in_tells_which_one_and_where) {
  const WorkerIdentity worker{"SpawnPoolWorker-2", 123};
  const auto check = [](const auto& error) {
    EXPECT_EQ(error.worker_name(), "SpawnPoolWorker-2");
    EXPECT_EQ(error.name(), "SpawnPoolWorker-2");
    EXPECT_EQ(error.worker_pid(), 123);
    EXPECT_EQ(error.pid(), 123);
    EXPECT_EQ(error.index(), 4U);
  };
  check(TaskError("my::Type", "why", worker, 4));
  check(WorkerLost({}, worker, 4));
  check(TaskTimeout(20ms, 4, worker));
}

TEST(Errors, a_start_error_tells_how_a_process_ended) {
  const StartError ended("spawn", "greeting", "it ended", ExitStatus{Kind::exited, 3, false});
  EXPECT_EQ(ended.status().value().value, 3);
  EXPECT_FALSE(StartError("spawn", "greeting", "it hangs").status().has_value());
}

TEST(Errors, a_system_error_names_call_stage_and_reason) {
  const SystemError error("pipe2", "making a pipe", EMFILE);
  EXPECT_STREQ(error.what(), "pipe2 failed (making a pipe): Too many open files [EMFILE]");
  EXPECT_EQ(error.code(), std::errc::too_many_files_open);
}

TEST(Errors, a_start_error_names_method_stage_and_reason) {
  EXPECT_STREQ(StartError("spawn", "initializer", "std::runtime_error: no model").what(),
               "a worker did not start with start method \"spawn\", in its initializer: "
               "std::runtime_error: no model");
}

TEST(Errors, a_codec_error_names_direction_type_and_limit) {
  EXPECT_STREQ(CodecError(CodecError::Direction::encode, "my::Type", "why").what(),
               "cannot encode my::Type: why");
  EXPECT_STREQ(CodecError(CodecError::Direction::decode, "", "why", 100).what(),
               "cannot decode a value: why (the limit is 100 bytes)");
}

TEST(Errors, times_are_readable) {
  EXPECT_STREQ(TaskTimeout(1500ms, 3).what(),
               "element 3 ran longer than its limit of 1.5 s; its worker was stopped");
  EXPECT_STREQ(TaskTimeout(20ms, 3).what(),
               "element 3 ran longer than its limit of 20 ms; its worker was stopped");
  EXPECT_STREQ(TaskTimeout(20ms, 3, {"ForkPoolWorker-1", 42}, {}, false).what(),
               "element 3 ran longer than its limit of 20 ms; it stopped when it was asked to, in "
               "worker ForkPoolWorker-1 (pid 42)");
  EXPECT_STREQ(TimeoutError("a result").what(), "timed out waiting for a result");
}

TEST(Errors, every_error_is_an_error) {
  EXPECT_THROW(throw PoolClosed("closed"), UsageError);
  EXPECT_THROW(throw WorkerLost({}, {}, 0), Error);
  EXPECT_THROW(throw Cancelled("cancelled"), std::runtime_error);
}

}  // namespace
}  // namespace brood::errors_test

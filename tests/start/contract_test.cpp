// What every start method promises.
#include <fcntl.h>
#include <sys/stat.h>
#include <cstdio>
#include <filesystem>

#include "platform/mapping.hpp"
#include "platform/watch.hpp"
#include "protocol/page.hpp"
#include "start/entry.hpp"
#include "start/exec.hpp"
#include "start/start_fixture.hpp"
#include "support/read_all.hpp"

namespace brood::start::contract_test {
namespace {

using brood::testing::descriptors_of;
using brood::testing::in_child;

class Contract : public StartTest, public ::testing::WithParamInterface<std::string> {
 protected:
  static std::unique_ptr<Method> open() { return open_method(method_called(GetParam())); }
};
INSTANTIATE_TEST_SUITE_P(EveryMethod, Contract,
                         ::testing::Values("fork", "forkserver", "spawn", "plain"),
                         [](const auto& parameter) { return parameter.param; });

TEST_P(Contract, a_worker_runs_until_its_tasks_end) { EXPECT_EQ(start_and_finish(GetParam()), 0); }

TEST_P(Contract, a_worker_ends_when_its_owner_closes_what_it_wakes_it_by) {
  const auto method = open();
  for (const bool greets : {true, false}) {
    TestWorker worker = start_worker(*method);
    if (greets) {
      ASSERT_TRUE(worker.greet());
    }
    worker.leave_alone();
    ASSERT_TRUE(worker.ended());
    EXPECT_EQ(method->collect(worker.process.pid).status.value, platform::exit_orphaned);
  }
}

TEST_P(Contract, a_method_knows_its_name) { EXPECT_EQ(open()->name(), GetParam()); }

TEST_P(Contract, the_pidfd_belongs_to_the_pid) {
  const auto method = open();
  TestWorker worker = start_worker(*method);
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(worker.process.pidfd.get()));
  const std::string text(std::istreambuf_iterator<char>(info), {});
  EXPECT_NE(text.find("Pid:\t" + std::to_string(worker.process.pid) + "\n"), std::string::npos)
      << text;
  finish(*method, worker);
}

TEST_P(Contract, a_killed_worker_is_reported_with_its_signal) {
  const auto method = open();
  TestWorker worker = start_worker(*method);
  ASSERT_TRUE(worker.greet());
  worker.kill();
  ASSERT_TRUE(worker.ended());
  const ExitStatus status = method->collect(worker.process.pid).status;
  EXPECT_EQ(status.kind, ExitStatus::Kind::signaled);
  EXPECT_EQ(status.value, SIGKILL);
}

TEST_P(Contract, exit_statuses_may_be_collected_in_any_order) {
  const auto method = open();
  std::vector<TestWorker> workers;
  for (int i = 0; i < 5; ++i) workers.push_back(start_worker(*method));
  for (const TestWorker& worker : workers) ASSERT_TRUE(worker.greet());
  for (std::size_t i = 0; i < 5; ++i)
    platform::send_signal(workers[i].process.pidfd, i % 2 == 0 ? SIGKILL : SIGTERM);
  for (const TestWorker& worker : workers) ASSERT_TRUE(worker.ended());
  TestWorker late = start_worker(*method);  // notices of the others arrive before its reply
  for (std::size_t i = 5; i-- > 0;) {
    EXPECT_EQ(method->collect(workers[i].process.pid).status.value, i % 2 == 0 ? SIGKILL : SIGTERM);
  }
  finish(*method, late);
}

TEST_P(Contract, a_worker_has_its_own_descriptors_and_no_other) {
  const int stray = ::open("/dev/null", O_RDONLY);  // not close-on-exec, as the user's often are
  const auto method = open();
  TestWorker worker = start_worker(*method);
  ASSERT_TRUE(worker.greet());
  const WorkerDescriptors& own = exec_descriptors;
  // That of the page is closed when it is mapped.
  std::set<int> expected{0, 1, 2, own.report, own.owner, own.descriptor_channel};
  if (GetParam() == "forkserver") expected.insert(server_socket_descriptor);
  const std::string here = std::to_string(worker.process.pid);
  std::set<int> extra = descriptors_of(here);
  for (const int number : expected) EXPECT_EQ(extra.erase(number), 1U) << number;
  ASSERT_EQ(extra.size(), 1U);  // the set by which its watch sees the end of the owner's channel
  const std::string set = std::to_string(*extra.begin());
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + here + "/fd/" + set),
            "anon_inode:[eventpoll]");
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + here + "/fd/0"), "/dev/null");
  finish(*method, worker);
  ::close(stray);
}

TEST_P(Contract, two_hundred_workers_have_the_same_descriptors_each) {
  const auto method = open();
  std::vector<TestWorker> workers;
  for (int i = 1; i <= 200; ++i)
    workers.push_back(start_worker(*method, "Worker-" + std::to_string(i)));
  for (const TestWorker& worker : workers) ASSERT_TRUE(worker.greet());
  const std::set<int> first = descriptors_of(std::to_string(workers[0].process.pid));
  EXPECT_EQ(descriptors_of(std::to_string(workers[63].process.pid)), first);
  EXPECT_EQ(descriptors_of(std::to_string(workers[199].process.pid)), first);
  for (TestWorker& worker : workers) worker.dismiss();
  for (TestWorker& worker : workers) EXPECT_EQ(finish(*method, worker).value, 0);
}

TEST_P(Contract, a_worker_ignores_a_hangup_where_its_owner_does) {
  for (const bool ignores : {true, false}) {
    drop_forkserver();  // as it is when that starts
    const auto before = ::signal(SIGHUP, ignores ? SIG_IGN : SIG_DFL);
    const auto method = open();
    TestWorker worker = start_worker(*method);
    ::signal(SIGHUP, before);
    ASSERT_TRUE(worker.greet());
    const auto set = std::stoull(status_field(worker.process.pid, "SigIgn"), nullptr, 16);
    EXPECT_EQ((set >> (SIGHUP - 1)) & 1U, ignores ? 1U : 0U);
    worker.dismiss();
    EXPECT_EQ(finish(*method, worker).value, 0);
  }
}

TEST_P(Contract, a_worker_has_default_signals_and_an_empty_mask) {
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, &before);
  const auto handler = ::signal(SIGUSR1, [](int) {});
  const auto ignored = ::signal(SIGUSR2, SIG_IGN);
  const auto method = open();
  TestWorker worker = start_worker(*method);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGUSR1, handler);
  ::signal(SIGUSR2, ignored);
  ASSERT_TRUE(worker.greet());
  const auto set_of = [&](const char* name) {
    return std::stoull(status_field(worker.process.pid, name), nullptr, 16);
  };
  // The worker may be in the middle of a write, which keeps SIGPIPE away; 32 and 33 are the C
  // library's own affair.
  EXPECT_EQ(set_of("SigBlk") & ~(1ULL << (SIGPIPE - 1)), 0U);
  // SIGINT is ignored by what runs in the worker, from its first line on.
  EXPECT_EQ(set_of("SigIgn") & ~(3ULL << 31) & ~(1ULL << (SIGINT - 1)), 0U);
  platform::send_signal(worker.process.pidfd, SIGTERM);
  ASSERT_TRUE(worker.ended());
  EXPECT_EQ(method->collect(worker.process.pid).status.value, SIGTERM);
}

TEST_P(Contract, workers_start_in_a_program_without_standard_streams) {
  EXPECT_EQ(in_child([] {
              for (const int number : {0, 1, 2}) ::close(number);
              return start_and_finish(GetParam());
            }),
            0);
}

/// What a shell command prints.
std::string read_command(const std::string& command) {
  std::string text;
  FILE* const output = ::popen(command.c_str(), "re");
  for (int c = std::fgetc(output); c != EOF; c = std::fgetc(output)) text += static_cast<char>(c);
  ::pclose(output);
  return text;
}

TEST_P(Contract, workers_start_in_a_deleted_directory_with_an_unusable_tmpdir) {
  const std::string prepare =
      "d=$(mktemp -d) && cd $d && rmdir $d && export TMPDIR=/nonexistent/" + std::string(200, 'x');
  EXPECT_EQ(read_command(prepare + " && " BROOD_VICTIMS_DIR "/victim_starter " + GetParam()),
            "started\n");
}

TEST_P(Contract, workers_start_when_the_programs_file_is_deleted) {
  const std::string prepare =
      "d=$(mktemp -d) && cp " BROOD_VICTIMS_DIR "/victim_starter $d/copy && $d/copy ";
  EXPECT_EQ(read_command(prepare + GetParam() + " --unlink; rm -r $d"), "started\n");
}

TEST_P(Contract, a_program_that_forgets_init_is_told_which_line_is_missing) {
  const std::string line =
      "call brood::init(argc, argv) as the first line of main (or link brood::main); start method "
      "'" +
      GetParam() +
      "' starts this program again. In a plug-in, whose host has no such line, use start method "
      "'fork'\n";
  EXPECT_EQ(read_command(BROOD_VICTIMS_DIR "/victim_starter " + GetParam() + " --without-init"),
            GetParam() == "fork" ? "started\n" : line);
}

TEST_P(Contract, a_very_long_command_line_does_not_matter) {
  EXPECT_EQ(read_command(BROOD_VICTIMS_DIR "/victim_starter " + GetParam() + " $(seq 5000)"),
            "started\n");
}

TEST_P(Contract, closing_a_method_kills_no_strangers) {
  const auto kept = open();
  TestWorker survivor = start_worker(*kept);
  {
    const auto other = open();
    TestWorker worker = start_worker(*other);
    finish(*other, worker);
  }
  EXPECT_TRUE(survivor.greet());
  EXPECT_EQ(finish(*kept, survivor).value, 0);
}

TEST_P(Contract, a_forked_copy_of_a_method_does_nothing) {
  auto method = open();
  TestWorker worker = start_worker(*method);
  EXPECT_EQ(in_child([&] {
              method.reset();
              return 0;
            }),
            0);
  EXPECT_TRUE(worker.greet());
  EXPECT_EQ(finish(*method, worker).value, 0);
}

TEST_P(Contract, a_forked_child_can_have_methods_of_its_own) {
  const auto method = open();
  TestWorker worker = start_worker(*method);
  EXPECT_EQ(in_child([] {
              const int result = start_and_finish(GetParam());
              drop_forkserver();
              return result;
            }),
            0);
  EXPECT_TRUE(worker.greet());
  finish(*method, worker);
}

TEST_P(Contract, an_owner_that_is_killed_takes_its_whole_tree_along) {
  platform::Pipe ready = platform::make_pipe();
  const pid_t owner = platform::fork_process();
  if (owner == 0) {
    const auto method = open();
    std::vector<TestWorker> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(start_worker(*method));
    for (const TestWorker& worker : workers) static_cast<void>(worker.greet());
    platform::write_all(ready.write.get(), std::as_bytes(std::span("x", 1)));
    for (;;) ::pause();
  }
  ready.write.reset();
  char byte;
  ASSERT_TRUE(testing::read_all(ready.read.get(), &byte, 1));
  const std::vector<pid_t> tree = descendants_of(owner);
  EXPECT_EQ(tree.size(), GetParam().starts_with("fork") ? 4U : 3U);
  std::vector<platform::Descriptor> pidfds;
  for (const pid_t pid : tree) pidfds.push_back(platform::open_pidfd(pid));
  discard_child(owner);
  for (const platform::Descriptor& pidfd : pidfds)
    EXPECT_TRUE(platform::wait_for_exit(pidfd, 2000));
}

}  // namespace
}  // namespace brood::start::contract_test

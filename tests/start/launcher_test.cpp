#include <sys/resource.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include <brood/errors.hpp>
#include "start/start_fixture.hpp"
#include "support/read_all.hpp"

namespace brood::start::launcher_test {
namespace {

using LauncherTest = StartTest;

struct Nice final : Launcher {
  std::string name() const override { return "nice"; }
  int launch(WorkerCommand command) override {
    command.arguments.insert(command.arguments.begin(), {"nice", "-n", "10"});
    return brood::spawn(command);
  }
};
struct Throwing final : Launcher {
  std::string name() const override { return "throwing"; }
  int launch(WorkerCommand) override { throw std::runtime_error("no container"); }
};
struct Lying final : Launcher {
  std::string name() const override { return "lying"; }
  int launch(WorkerCommand) override { return 1; }
};

std::string start_error(std::shared_ptr<Launcher> launcher) {
  const auto method = open_method(StartMethod(std::move(launcher)));
  try {
    start_worker(*method);
  } catch (const StartError& error) {
    EXPECT_EQ(error.stage(), "launch");
    return error.what();
  }
  return "(none)";
}

TEST_F(LauncherTest, a_worker_can_run_under_another_program) {
  const auto method = open_method(std::make_shared<Nice>());
  EXPECT_EQ(method->name(), "nice");
  TestWorker worker = start_worker(*method);
  ASSERT_TRUE(worker.greet());
  std::ifstream stat("/proc/" + std::to_string(worker.process.pid) + "/stat");
  std::string text(std::istreambuf_iterator<char>(stat), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 19; ++i) fields >> field;  // proc(5): 19 is nice
  const int nicest = 19;
  EXPECT_EQ(field, std::to_string(std::min(::getpriority(PRIO_PROCESS, 0) + 10, nicest)));
  EXPECT_EQ(finish(*method, worker).value, 0);
}

TEST_F(LauncherTest, what_a_launcher_throws_is_the_text_of_a_start_error) {
  EXPECT_NE(start_error(std::make_shared<Throwing>()).find("no container"), std::string::npos);
}

TEST_F(LauncherTest, a_pid_that_is_no_child_is_a_start_error) {
  EXPECT_NE(start_error(std::make_shared<Lying>()).find("no child of this process"),
            std::string::npos);
}

TEST_F(LauncherTest, a_program_that_does_not_exist_is_a_system_error) {
  try {
    brood::spawn({{"/nonexistent/program"}, {}, {}});
    FAIL() << "nothing was thrown";
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
  }
}

TEST_F(LauncherTest, a_command_without_arguments_is_a_usage_error) {
  EXPECT_THROW(brood::spawn({}), UsageError);
}

TEST_F(LauncherTest, descriptors_may_be_given_in_any_order_and_over_each_other) {
  const platform::Pipe a = platform::make_pipe(), b = platform::make_pipe();
  // Swaps two numbers, and gives the child a standard output of its own.
  const int pid =
      brood::spawn({{"sh", "-c", "echo first >&" + std::to_string(a.write.get()) + "; echo second"},
                    {"PATH=/usr/bin:/bin"},
                    {{b.write.get(), a.write.get()}, {a.write.get(), 1}}});
  const platform::Descriptor pidfd = platform::open_pidfd(pid);
  ASSERT_TRUE(platform::wait_for_exit(pidfd, patience_ms));
  EXPECT_EQ(platform::reap(pid)->status.value, 0);
  char text[16] = {};
  EXPECT_TRUE(testing::read_all(b.read.get(), text, 6));
  EXPECT_STREQ(text, "first\n");
  EXPECT_TRUE(testing::read_all(a.read.get(), text, 7));
  EXPECT_STREQ(text, "second\n");
}

}  // namespace
}  // namespace brood::start::launcher_test

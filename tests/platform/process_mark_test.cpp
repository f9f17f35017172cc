#include "platform/process_mark.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::platform {
namespace {

using ProcessMarkTest = testing::LeakCheck;

TEST_F(ProcessMarkTest, ThisProcessIsAliveAndTheSameInEachThread) {
  const ProcessMark self = this_process();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_NE(self.start, 0U);
  EXPECT_TRUE(is_alive(self));
  std::thread([&] { EXPECT_EQ(this_process(), self); }).join();
}

TEST_F(ProcessMarkTest, AForkedChildIsAnother) {
  const ProcessMark self = this_process();
  EXPECT_EQ(testing::in_child([&] {
              return this_process().pid == ::getpid() && is_alive(self) && is_alive(this_process());
            }),
            1);
}

TEST_F(ProcessMarkTest, AnotherProcessWithTheSameNumberIsNotTheOne) {
  ProcessMark other = this_process();
  ++other.start;
  EXPECT_FALSE(is_alive(other));
}

TEST_F(ProcessMarkTest, AProcessThatHasEndedIsDeadBeforeItIsReapedAndAfter) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOWAIT);
  const ProcessMark mark{pid, 0};
  EXPECT_FALSE(is_alive(mark));
  ::waitpid(pid, nullptr, 0);
  EXPECT_FALSE(is_alive(mark));
}

}  // namespace
}  // namespace brood::platform

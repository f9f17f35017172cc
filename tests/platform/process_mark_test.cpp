#include "platform/process_mark.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::platform::process_mark_test {
namespace {

using ProcessMarkTest = testing::LeakCheck;

TEST_F(ProcessMarkTest, this_process_is_alive_and_the_same_in_each_thread) {
  const ProcessMark self = this_process();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_NE(self.start, 0U);
  EXPECT_TRUE(is_alive(self));
  std::thread([&] { EXPECT_EQ(this_process(), self); }).join();
}

TEST_F(ProcessMarkTest, a_forked_child_is_another) {
  const ProcessMark self = this_process();
  EXPECT_EQ(testing::in_child([&] {
              return this_process().pid == ::getpid() && is_alive(self) && is_alive(this_process());
            }),
            1);
}

TEST_F(ProcessMarkTest, another_process_with_the_same_number_is_not_the_one) {
  ProcessMark other = this_process();
  ++other.start;
  EXPECT_FALSE(is_alive(other));
}

TEST_F(ProcessMarkTest, a_process_that_has_ended_is_dead_before_it_is_reaped_and_after) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED | WNOWAIT);
  const ProcessMark mark{pid, 0};
  EXPECT_FALSE(is_alive(mark));
  ::waitpid(pid, nullptr, 0);
  EXPECT_FALSE(is_alive(mark));
}

}  // namespace
}  // namespace brood::platform::process_mark_test

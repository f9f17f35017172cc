#include "platform/watch.hpp"

#include <unistd.h>

#include <gtest/gtest.h>
#include <array>
#include <cstdlib>

#include "platform/process.hpp"
#include "support/in_child.hpp"

namespace brood::platform::watch_test {
namespace {

thread_local std::array<char, 256 * 1024> much{};

TEST(WatchTest, a_program_may_have_more_thread_local_data_than_a_small_stack) {
  EXPECT_EQ(testing::in_child([owner = ::getpid()] {
              much[0] = 7;
              watch_owner(open_pidfd(owner).release());
              return int{much[0]};
            }),
            7);
}

// exit() destroys static objects while the watch's thread may be about to use its own.
TEST(WatchTest, a_process_may_exit_while_its_watch_is_starting) {
  for (int i = 0; i < 200; ++i) {
    const int code = testing::in_child([owner = ::getpid()]() -> int {
      watch_owner(open_pidfd(owner).release());
      std::exit(7);
    });
    ASSERT_EQ(code, 7) << "in process " << i;
  }
}

}  // namespace
}  // namespace brood::platform::watch_test

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <thread>

#include <brood/errors.hpp>
#include "platform/futex.hpp"
#include "platform/mapping.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::platform {
namespace {

using MappingTest = testing::LeakCheck;
using FutexTest = testing::LeakCheck;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST_F(MappingTest, AForkedChildSeesTheSameMemory) {
  const SharedMapping memory = SharedMapping::create("test", 4096);
  auto* const word = static_cast<std::atomic<int>*>(memory.data());
  EXPECT_EQ(word->load(), 0);
  EXPECT_EQ(testing::in_child([&] { return word->store(42), 0; }), 0);
  EXPECT_EQ(word->load(), 42);
}

TEST_F(MappingTest, ASecondMappingOfTheDescriptorSeesTheSameMemory) {
  SharedMapping memory = SharedMapping::create("test", 4096);
  const SharedMapping other = SharedMapping::open(memory.descriptor().duplicate(), 4096);
  memory.drop_descriptor();
  *static_cast<char*>(memory.data()) = 'x';
  EXPECT_EQ(*static_cast<const char*>(other.data()), 'x');
}

TEST_F(MappingTest, AMappingLargerThanTheMemoryIsRefused) {
  const SharedMapping memory = SharedMapping::create("test", 64);
  EXPECT_THROW(SharedMapping::open(memory.descriptor().duplicate(), 128), SystemError);
}

TEST_F(FutexTest, AWaitEndsAtItsDeadline) {
  const std::atomic<std::uint32_t> word{1};
  const auto deadline = Clock::now() + 5ms;
  while (futex_wait(word, 1, deadline)) {
  }
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_FALSE(futex_wait(word, 1, Clock::time_point(-1h)));
}

TEST_F(FutexTest, AnotherValueEndsTheWaitAtOnce) {
  const std::atomic<std::uint32_t> word{2};
  EXPECT_TRUE(futex_wait(word, 1, std::nullopt));
}

TEST_F(FutexTest, AProcessWakesAnother) {
  const SharedMapping memory = SharedMapping::create("test", 64);
  auto& word = *static_cast<std::atomic<std::uint32_t>*>(memory.data());
  const pid_t pid = ::fork();
  if (pid == 0) {
    while (word.load() == 0) futex_wait(word, 0, std::nullopt, FutexScope::shared);
    ::_exit(0);
  }
  word = 1;
  futex_wake(word, INT_MAX, FutexScope::shared);
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace brood::platform

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <csignal>
#include <cstdint>
#include <thread>

#include <brood/errors.hpp>
#include "platform/futex.hpp"
#include "platform/mapping.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::platform::shared_memory_test {
namespace {

using MappingTest = testing::LeakCheck;
using FutexTest = testing::LeakCheck;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST_F(MappingTest, a_forked_child_sees_the_same_memory) {
  const SharedMapping memory = SharedMapping::create("test", 4096);
  auto* const word = static_cast<std::atomic<int>*>(memory.data());
  EXPECT_EQ(word->load(), 0);
  EXPECT_EQ(testing::in_child([&] { return word->store(42), 0; }), 0);
  EXPECT_EQ(word->load(), 42);
}

TEST_F(MappingTest, a_second_mapping_of_the_descriptor_sees_the_same_memory) {
  SharedMapping memory = SharedMapping::create("test", 4096);
  const SharedMapping other = SharedMapping::open(memory.descriptor().duplicate(), 4096);
  memory.drop_descriptor();
  *static_cast<char*>(memory.data()) = 'x';
  EXPECT_EQ(*static_cast<const char*>(other.data()), 'x');
}

TEST_F(MappingTest, a_mapping_larger_than_the_memory_is_refused) {
  const SharedMapping memory = SharedMapping::create("test", 64);
  EXPECT_THROW(SharedMapping::open(memory.descriptor().duplicate(), 128), SystemError);
}

TEST_F(MappingTest, nobody_changes_the_size_of_the_memory) {
  const SharedMapping memory = SharedMapping::create("test", 8192);
  const int file = memory.descriptor().get();
  EXPECT_EQ(::ftruncate(file, 0), -1);
  EXPECT_EQ(::ftruncate(file, 16384), -1);
  *(static_cast<char*>(memory.data()) + 8191) = 'x';
}

TEST_F(MappingTest, memory_that_could_shrink_is_refused) {
  Descriptor file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  EXPECT_THROW(SharedMapping::open(file.duplicate(), 4096), SystemError);
  ASSERT_EQ(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  SharedMapping::open(std::move(file), 4096);
}

TEST_F(MappingTest, what_runs_past_its_ends_hits_nothing) {
  const SharedMapping memory = SharedMapping::create("test", 4096);
  for (const int offset : {-1, 4096}) {
    EXPECT_EQ(testing::in_child([&] {
                ::signal(SIGSEGV, SIG_DFL);
                const volatile char* const first = static_cast<const char*>(memory.data());
                return first[offset] != 0 ? 1 : 0;
              }),
              -SIGSEGV);
  }
}

TEST_F(FutexTest, a_wait_ends_at_its_deadline) {
  const std::atomic<std::uint32_t> word{1};
  const auto deadline = Clock::now() + 5ms;
  while (futex_wait(word, 1, deadline)) {
  }
  EXPECT_GE(Clock::now(), deadline);
  EXPECT_FALSE(futex_wait(word, 1, Clock::time_point(-1h)));
}

TEST_F(FutexTest, another_value_ends_the_wait_at_once) {
  const std::atomic<std::uint32_t> word{2};
  EXPECT_TRUE(futex_wait(word, 1, std::nullopt));
}

TEST_F(FutexTest, a_process_wakes_another) {
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
}  // namespace brood::platform::shared_memory_test

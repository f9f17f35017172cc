#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstddef>
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

/// Words in front, and two rings behind them.
class RingsTest : public testing::LeakCheck {
 protected:
  static constexpr std::size_t words = 4096, ring = 8192;
  static constexpr Rings rings{ring, 2};
  static constexpr std::size_t in_file = words + 2 * ring;

  static std::byte* at(const SharedMapping& memory, std::size_t place) {
    return static_cast<std::byte*>(memory.data()) + place;
  }
  /// Where a ring begins; its second copy lies behind it.
  static constexpr std::size_t start(std::size_t number) { return words + number * 2 * ring; }
};

TEST_F(RingsTest, each_is_mapped_twice_behind_itself) {
  const SharedMapping memory = SharedMapping::create("test", in_file, rings);
  EXPECT_EQ(memory.size(), words + 4 * ring);
  for (const std::size_t number : {0U, 1U}) {
    for (std::size_t place = 0; place < ring; ++place) {
      *at(memory, start(number) + place) = static_cast<std::byte>(place * 7 + number);
      ASSERT_EQ(*at(memory, start(number) + ring + place), *at(memory, start(number) + place));
      *at(memory, start(number) + ring + place) ^= std::byte{0xff};
      ASSERT_EQ(*at(memory, start(number) + ring + place), *at(memory, start(number) + place));
    }
  }
}

TEST_F(RingsTest, none_overlaps_its_neighbours) {
  const SharedMapping memory = SharedMapping::create("test", in_file, rings);
  const auto fill = [&](std::size_t from, std::size_t count, std::byte value) {
    std::fill_n(at(memory, from), count, value);
  };
  const auto all_are = [&](std::size_t from, std::size_t count, std::byte value) {
    return std::all_of(at(memory, from), at(memory, from + count),
                       [value](std::byte one) { return one == value; });
  };
  fill(0, words, std::byte{1});
  fill(start(0), ring, std::byte{2});
  fill(start(1), ring, std::byte{3});
  EXPECT_TRUE(all_are(0, words, std::byte{1}));
  EXPECT_TRUE(all_are(start(0), 2 * ring, std::byte{2}));
  EXPECT_TRUE(all_are(start(1), 2 * ring, std::byte{3}));
}

TEST_F(RingsTest, are_the_same_in_a_second_mapping) {
  SharedMapping memory = SharedMapping::create("test", in_file, rings);
  const SharedMapping other = SharedMapping::open(memory.descriptor().duplicate(), in_file, rings);
  memory.drop_descriptor();
  for (const std::size_t number : {0U, 1U}) {
    *at(memory, start(number) + ring + 5) = std::byte{42};
    EXPECT_EQ(*at(other, start(number) + 5), std::byte{42});
    EXPECT_EQ(*at(other, start(number) + ring + 5), std::byte{42});
  }
  EXPECT_THROW(SharedMapping::open(other.descriptor().duplicate(), in_file + 4096, rings),
               SystemError);
}

TEST_F(RingsTest, end_where_nothing_is_mapped) {
  const SharedMapping memory = SharedMapping::create("test", in_file, rings);
  const auto reads = [&](std::ptrdiff_t place) {
    return testing::in_child([&] {
      ::signal(SIGSEGV, SIG_DFL);
      const volatile std::byte* const first = at(memory, 0);
      return first[place] != std::byte{} ? 1 : 0;
    });
  };
  EXPECT_EQ(reads(-1), -SIGSEGV);
  EXPECT_EQ(reads(static_cast<std::ptrdiff_t>(memory.size())), -SIGSEGV);
  EXPECT_EQ(reads(static_cast<std::ptrdiff_t>(memory.size()) - 1), 0);
}

TEST_F(RingsTest, of_a_mapping_that_is_kept_from_forks_are_in_none) {
  SharedMapping memory = SharedMapping::create("test", in_file, rings);
  memory.keep_from_forks();
  for (const std::size_t place : {std::size_t{0}, start(0), start(0) + ring, start(1) + ring}) {
    EXPECT_EQ(testing::in_child([&] {
                ::signal(SIGSEGV, SIG_DFL);
                const volatile std::byte* const there = at(memory, place);
                return *there != std::byte{} ? 1 : 0;
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

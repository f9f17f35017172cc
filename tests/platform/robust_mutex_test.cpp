#include "platform/robust_mutex.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <vector>

#include "support/in_child.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing::robust_mutex_test {
namespace {

using platform::MutexHold;
using platform::RobustMutex;
using Result = RobustMutex::Result;
using namespace std::chrono_literals;

/// Robust mutexes in memory that forked processes share: ours, and some of glibc's.
struct Mutexes {
  RobustMutex ours[4];
  pthread_mutex_t foreign[4];

  Mutexes() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    for (pthread_mutex_t& one : foreign) pthread_mutex_init(&one, &attributes);
    pthread_mutexattr_destroy(&attributes);
  }
};

class RobustMutexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    void* const memory =
        ::mmap(nullptr, sizeof(Mutexes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    mutexes_ = new (memory) Mutexes;
  }
  void TearDown() override { ::munmap(mutexes_, sizeof(Mutexes)); }
  RobustMutex& ours(int index) { return mutexes_->ours[index]; }
  pthread_mutex_t* foreign(int index) { return &mutexes_->foreign[index]; }
  void overwrite(int index, std::size_t offset, std::uint64_t value, std::size_t size = 8) {
    std::memcpy(reinterpret_cast<std::byte*>(&mutexes_->ours[index]) + offset, &value, size);
  }
  Result try_once(int index) {
    MutexHold hold;
    const Result result = ours(index).try_lock(hold);
    if (result == Result::taken || result == Result::inherited) ours(index).unlock(hold);
    return result;
  }

  Mutexes* mutexes_ = nullptr;
};

TEST_F(RobustMutexTest, is_held_once_and_by_its_thread) {
  MutexHold hold;
  EXPECT_EQ(ours(0).try_lock(hold), Result::taken);
  EXPECT_TRUE(hold.is_mine());
  EXPECT_TRUE(ours(0).is_locked());
  EXPECT_EQ(ours(0).try_lock(hold), Result::mine);
  EXPECT_EQ(ours(0).lock(hold), Result::mine);
  std::thread([&] {
    EXPECT_FALSE(hold.is_mine());
    EXPECT_EQ(ours(0).try_lock(hold), Result::busy);
    EXPECT_EQ(ours(0).lock(hold, std::chrono::steady_clock::now() + 5ms), Result::busy);
  }).join();
  EXPECT_TRUE(ours(0).unlock(hold));
  EXPECT_FALSE(ours(0).is_locked());
}

TEST_F(RobustMutexTest, are_released_in_any_order) {
  for (const std::vector<int>& order : {std::vector{0, 1, 2, 3}, std::vector{3, 2, 1, 0},
                                        std::vector{1, 3, 0, 2}, std::vector{2, 0, 3, 1}}) {
    MutexHold holds[4];
    for (int i = 0; i < 4; ++i) ASSERT_EQ(ours(i).try_lock(holds[i]), Result::taken);
    for (const int i : order) ASSERT_TRUE(ours(i).unlock(holds[i]));
  }
}

TEST_F(RobustMutexTest, all_that_a_dead_process_held_pass_on) {
  ASSERT_EQ(in_child([&] {
              MutexHold holds[4];
              for (int i = 0; i < 4; ++i) ours(i).lock(holds[i]);
              ours(2).unlock(holds[2]);
              ::_exit(0);
              return 1;
            }),
            0);
  EXPECT_EQ(try_once(2), Result::taken);
  for (const int i : {0, 1, 3}) {
    EXPECT_EQ(try_once(i), Result::inherited) << i;
    EXPECT_EQ(try_once(i), Result::taken) << i;
  }
}

TEST_F(RobustMutexTest, all_that_an_ended_thread_held_pass_on) {
  MutexHold holds[4];
  std::thread([&] {
    for (int i = 0; i < 4; ++i) ours(i).lock(holds[i]);
  }).join();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(ours(i).lock(holds[i]), Result::inherited);
    EXPECT_TRUE(ours(i).unlock(holds[i]));
  }
}

TEST_F(RobustMutexTest, lives_beside_the_robust_mutexes_of_the_program) {
  MutexHold holds[2];
  // Which of the program's is given back when none, one and two of ours are left.
  for (const std::vector<int>& order : {std::vector{0, -1, 1}, std::vector{1, -1, 0},
                                        std::vector{-1, 0, 1}, std::vector{-1, 1, 0}}) {
    ASSERT_EQ(pthread_mutex_lock(foreign(0)), 0);
    ASSERT_EQ(ours(0).try_lock(holds[0]), Result::taken);
    ASSERT_EQ(pthread_mutex_lock(foreign(1)), 0);
    ASSERT_EQ(ours(1).try_lock(holds[1]), Result::taken);
    for (const int index : order) {
      if (index >= 0) {
        ASSERT_EQ(pthread_mutex_unlock(foreign(index)), 0);
      } else {
        ASSERT_TRUE(ours(0).unlock(holds[0]));
      }
    }
    ASSERT_TRUE(ours(1).unlock(holds[1]));
  }
}

TEST_F(RobustMutexTest, and_these_of_a_dead_process_pass_on_with_it) {
  ASSERT_EQ(in_child([&] {
              MutexHold holds[2];
              pthread_mutex_lock(foreign(0));
              ours(0).lock(holds[0]);
              pthread_mutex_lock(foreign(1));
              ours(1).lock(holds[1]);
              pthread_mutex_lock(foreign(2));
              pthread_mutex_unlock(foreign(1));
              ::_exit(0);
              return 1;
            }),
            0);
  for (const int i : {0, 1}) EXPECT_EQ(try_once(i), Result::inherited) << i;
  EXPECT_EQ(pthread_mutex_trylock(foreign(1)), 0);
  for (const int i : {0, 2}) EXPECT_EQ(pthread_mutex_trylock(foreign(i)), EOWNERDEAD) << i;
  for (int i = 0; i < 3; ++i) {
    pthread_mutex_consistent(foreign(i));
    pthread_mutex_unlock(foreign(i));
  }
}

TEST_F(RobustMutexTest, a_forked_child_holds_nothing) {
  MutexHold hold;
  ASSERT_EQ(ours(0).try_lock(hold), Result::taken);
  EXPECT_EQ(in_child([&] {
              MutexHold other;
              if (hold.is_mine() || ours(0).try_lock(hold) != Result::busy) return 1;
              if (ours(1).try_lock(other) != Result::taken || !ours(1).unlock(other)) return 2;
              return 0;
            }),
            0);
  EXPECT_TRUE(ours(0).unlock(hold)) << "the child has left it alone";
}

TEST_F(RobustMutexTest, a_word_that_no_holder_has_written_is_broken) {
  for (const std::uint64_t value :
       {std::uint64_t{7}, std::uint64_t{static_cast<unsigned>(::getpid())},
        std::uint64_t{0x8000'0000}, ~std::uint64_t{0}, std::uint64_t{0x1234'5678'9abc'def0},
        std::uint64_t{1} << 32}) {
    if ((value & 0x4000'0000) != 0) continue;  // says that the holder died
    overwrite(0, 0, value);
    EXPECT_EQ(try_once(0), Result::broken) << std::hex << value;
    MutexHold hold;
    EXPECT_EQ(ours(0).lock(hold), Result::broken) << std::hex << value;
  }
}

TEST_F(RobustMutexTest, overwritten_while_it_is_held_ends_the_wait_for_it) {
  if (under_thread_sanitizer) GTEST_SKIP() << "the overwriting is a race, on purpose";
  MutexHold hold, other;
  ASSERT_EQ(ours(0).try_lock(hold), Result::taken);
  std::thread waiter([&] { EXPECT_EQ(ours(0).lock(other), Result::broken); });
  overwrite(0, 0, 0x1111'1111, 4);
  waiter.join();
  EXPECT_FALSE(ours(0).unlock(hold));
  overwrite(0, 0, 0);
  EXPECT_EQ(try_once(0), Result::taken);
}

TEST_F(RobustMutexTest, what_is_written_over_its_entry_is_not_followed) {
  MutexHold holds[3];
  for (int i = 0; i < 3; ++i) ASSERT_EQ(ours(i).try_lock(holds[i]), Result::taken);
  for (std::size_t offset = 8; offset < sizeof(RobustMutex); offset += 8)
    overwrite(1, offset, 0x4141'4141'4141'4141);
  EXPECT_TRUE(ours(1).unlock(holds[1]));
  EXPECT_TRUE(ours(2).unlock(holds[2]));
  EXPECT_TRUE(ours(0).unlock(holds[0]));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(try_once(i), Result::taken);
}

}  // namespace
}  // namespace brood::testing::robust_mutex_test

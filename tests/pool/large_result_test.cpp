#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "platform/system_calls.hpp"
#include "pool/pool_fixture.hpp"
#include "support/counting_text.hpp"
#include "victims/tasks.hpp"

// Results that are decoded while they arrive, in the thread that has called.
namespace brood::testing::large_result_test {
namespace {

class LargeResult : public PoolTest {};
BROOD_FOR_EVERY_METHOD(LargeResult);

constexpr std::size_t large = std::size_t{8} << 20;  // bytes
constexpr std::size_t least = std::size_t{1} << 20;  // from here on they are decoded early

/// What decoding it does between its two parts.
enum class Meanwhile { nothing, throws, leaves_the_rest, calls, ends_the_pool };
thread_local Pool* pool_of_call = nullptr;

struct Result {
  Meanwhile meanwhile = Meanwhile::nothing;
  pid_t worker = 0;
  std::string text;

  template <class Archive>
  void save(Archive& archive) const {
    archive(meanwhile, worker, text);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(meanwhile, worker);
    switch (meanwhile) {
      case Meanwhile::nothing:
        break;
      case Meanwhile::throws:
        throw std::runtime_error("not to my taste");
      case Meanwhile::leaves_the_rest:
        return;
      case Meanwhile::calls:
        if (pool_of_call->apply(square, 12) != 144) throw std::runtime_error("a wrong square");
        break;
      case Meanwhile::ends_the_pool:
        pool_of_call->terminate();
        break;
    }
    archive(text);
  }
};

Result make(Meanwhile meanwhile) { return {meanwhile, ::getpid(), std::string(large, 'r')}; }

TEST_P(LargeResult, comes_whole_whatever_its_size) {
  Pool pool = make_pool(1);
  for (const std::size_t size : {least, 2 * least, large}) {
    for (const std::size_t less : {100, 73, 72, 71, 17, 16, 15, 8, 1, 0}) {
      for (const std::size_t wanted : {size - less, size + less})
        EXPECT_TRUE(pool.apply(counting_text, wanted) == counting_text(wanted)) << wanted;
    }
  }
  const auto doubles = [](std::size_t count) { return std::vector<double>(count, 0.5); };
  EXPECT_EQ(pool.apply(doubles, large / 8), std::vector<double>(large / 8, 0.5));
  const auto texts = [](std::size_t count) {
    return std::vector<std::string>(count, std::string(1000, 't'));
  };
  EXPECT_EQ(pool.apply(texts, std::size_t{5000}),
            std::vector<std::string>(5000, std::string(1000, 't')));
}

TEST_P(LargeResult, whose_decoding_throws_is_a_codec_error_and_the_pool_goes_on) {
  Pool pool = make_pool(1);
  const pid_t worker = pool.apply(::getpid);
  for (int round = 0; round < 5; ++round) {
    EXPECT_THROW(pool.apply(make, Meanwhile::throws), CodecError);
    EXPECT_EQ(pool.apply(square, round), round * round);
    EXPECT_EQ(pool.apply(make, Meanwhile::nothing).text.size(), large);
  }
  EXPECT_EQ(pool.apply(::getpid), worker);
}

TEST_P(LargeResult, of_which_decoding_leaves_a_rest_is_taken_and_the_pool_goes_on) {
  Pool pool = make_pool(1);
  const pid_t worker = pool.apply(::getpid);
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(pool.apply(make, Meanwhile::leaves_the_rest).text.empty());
    EXPECT_EQ(pool.apply(square, round), round * round);
  }
  EXPECT_EQ(pool.map(square, {1, 2, 3}), (std::vector<int>{1, 4, 9}));
  EXPECT_EQ(pool.apply(::getpid), worker);
}

std::atomic<pid_t> victim{0};  // of the next decoding in this process

/// While it lives, a decoder that asks for large memory kills the victim first: in the midst of its
/// result.
class DeadlyMemory {
 public:
  DeadlyMemory() {
    platform::system_calls().madvise = [](void* memory, std::size_t size, int advice) {
      if (const pid_t pid = victim.exchange(0); pid != 0) ::kill(pid, SIGKILL);
      return ::madvise(memory, size, advice);
    };
  }
  ~DeadlyMemory() { platform::system_calls().madvise = ::madvise; }
};
std::vector<int> own_pid(std::size_t count) { return std::vector<int>(count, ::getpid()); }

// Whether a call finds a worker that it can drive itself is the dispatcher's to say: where it does
// not, its result is decoded when all of it has come.
constexpr int most_rounds = 100;

TEST_P(LargeResult, whose_worker_dies_while_it_is_decoded_is_lost) {
  Pool pool = make_pool(1);
  const DeadlyMemory deadly;
  int lost = 0;
  for (int round = 0; round < most_rounds && lost == 0; ++round) {
    victim = pool.apply(::getpid);
    try {
      EXPECT_EQ(pool.apply(own_pid, large / 4).size(), large / 4);
    } catch (const WorkerLost&) {
      ++lost;
    }
  }
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(LargeResult, whose_worker_dies_while_it_is_decoded_comes_by_another_attempt) {
  Pool pool = make_pool(1);
  const DeadlyMemory deadly;
  bool again = false;
  for (int round = 0; round < most_rounds && !again; ++round) {
    const pid_t first = pool.apply(::getpid);
    victim = first;
    const std::vector<int> result = pool.with({.crash_retries = 1}).apply(own_pid, large / 4);
    EXPECT_EQ(result, std::vector<int>(large / 4, result.at(0)));
    again = result.at(0) != first;
  }
  EXPECT_TRUE(again);
}

// Its only worker does not wait for room meanwhile.
TEST_P(LargeResult, whose_decoding_calls_the_pool_has_what_that_gives) {
  Pool pool = make_pool(1);
  pool_of_call = &pool;
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(pool.apply(make, Meanwhile::calls).text.size(), large);
    EXPECT_EQ(pool.apply(square, 4), 16);
  }
}

/// Memory that asks the pool.
template <class T>
struct AskingMemory {
  using value_type = T;
  AskingMemory() = default;
  template <class U>
  explicit AskingMemory(const AskingMemory<U>&) {}
  T* allocate(std::size_t count) {
    if (pool_of_call != nullptr && pool_of_call->apply(square, 5) != 25)
      throw std::runtime_error("a wrong square");
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* memory, std::size_t count) { std::allocator<T>().deallocate(memory, count); }
  bool operator==(const AskingMemory&) const = default;
};

TEST_P(LargeResult, whose_memory_calls_the_pool_has_what_that_gives) {
  Pool pool = make_pool(1);
  const auto numbers = [](std::size_t count) {
    pool_of_call = nullptr;  // of a forked worker
    return std::vector<int, AskingMemory<int>>(count, 7);
  };
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(pool.apply(square, 4), 16);
    pool_of_call = &pool;
    EXPECT_EQ(pool.apply(numbers, large / 4).size(), large / 4);
    pool_of_call = nullptr;
  }
}

TEST_P(LargeResult, whose_decoding_ends_the_pool_is_there) {
  Pool pool = make_pool(1);
  pool_of_call = &pool;
  pool.apply(square, 1);
  EXPECT_EQ(pool.apply(make, Meanwhile::ends_the_pool).text.size(), large);
}

TEST_P(LargeResult, of_each_of_several_callers_is_its_own) {
  Pool pool = make_pool(2);
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&pool, caller] {
      const auto letters = [](std::size_t who) {
        return std::string(least + who, static_cast<char>('a' + who));
      };
      for (int round = 0; round < 20; ++round)
        EXPECT_EQ(pool.apply(letters, caller),
                  std::string(least + caller, static_cast<char>('a' + caller)));
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST_P(LargeResult, and_exceptions_of_any_size_come_behind_each_other) {
  Pool pool = make_pool(1);
  const auto throws = [](std::size_t size) -> std::string {
    if (size % 2 == 1) throw std::runtime_error(std::string(size, 'e'));
    return std::string(size, 'r');
  };
  for (std::size_t size = least; size < least + 6; ++size) {
    if (size % 2 == 0) {
      EXPECT_EQ(pool.apply(throws, size).size(), size);
    } else {
      EXPECT_THROW(pool.apply(throws, size), std::runtime_error);
    }
  }
}

}  // namespace
}  // namespace brood::testing::large_result_test

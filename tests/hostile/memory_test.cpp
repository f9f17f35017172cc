#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "hostile/raw_results.hpp"
#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "support/log_catcher.hpp"

// What is refused to the owner of a pool in the middle of it all: memory.

namespace {
// The allocation that fails, counted in this process alone; 0: none.
std::atomic<long> allocations_left{0};
std::atomic<int> armed_in{0};  // a process: forked copies are spared
thread_local long allocations_of_this_thread = 0;
bool is_refused() {
  return allocations_left.load(std::memory_order_relaxed) > 0 && armed_in == ::getpid() &&
         --allocations_left == 0;
}
void* allocate(std::size_t size) {
  ++allocations_of_this_thread;
  void* const memory = is_refused() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return is_refused() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace brood::testing::memory_test {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

class OwnersMemory : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "a sanitizer takes address space for itself";
  }
};
BROOD_FOR_EVERY_METHOD(OwnersMemory);

/// This process may have `more` bytes than it has now.
void limit_memory(std::size_t more) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + more;
  const rlimit limit{most, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) std::abort();
}

std::string text_of(std::size_t length) { return std::string(length, 'x'); }

/// What says_why() makes of a call that ends well.
constexpr int ends_well = 1;

/// 0, or which demand was not met.
template <class Call>
int says_why(Call call) {
  try {
    call();
    return ends_well;
  } catch (const SystemError& error) {
    if (error.code().value() != ENOMEM) return 2;
    return contains(error.what(), "memory") ? 0 : 3;
  } catch (const CodecError& error) {
    return contains(error.what(), "no memory") ? 0 : 5;  // for the caller's own copy of it
  } catch (const std::exception& error) {
    std::fprintf(stderr, "instead: %s\n", error.what());
    return 4;
  }
}

// The owner is a forked child: its limit is not the test's.
template <class Body>
int in_small_owner(const PoolOptions& options, std::size_t more, Body body) {
  return in_child([&] {
    const int result = [&] {
      Pool pool(options);
      pool.map(square, std::vector<int>(20, 1));
      limit_memory(more);
      const int found = body(pool);
      if (found != 0) return found;
      return pool.apply(square, 3) == 9 && pool.map(square, {1, 2}) == std::vector<int>{1, 4} ? 0
                                                                                              : 90;
    }();
    start::drop_forkserver();
    return result;
  });
}

// Where the caller drives the worker it needs the memory once, else three times.
TEST_P(OwnersMemory, refuses_one_large_result_of_a_call_that_waits_or_gives_it) {
  for (const std::size_t more : {350 * mebibyte, 175 * mebibyte, 50 * mebibyte}) {
    EXPECT_EQ(in_small_owner(options(1), more,
                             [more](Pool& pool) {
                               const int found = says_why([&] {
                                 const std::string text = pool.apply(text_of, 150 * mebibyte);
                                 if (text.size() != 150 * mebibyte) std::abort();
                               });
                               return found == ends_well && more > 150 * mebibyte ? 0 : found;
                             }),
              0)
        << more;
  }
}

TEST_P(OwnersMemory, refuses_large_results_that_the_dispatcher_reads) {
  for (const std::size_t more : {350 * mebibyte, 175 * mebibyte, 50 * mebibyte}) {
    EXPECT_EQ(in_small_owner(options(2), more,
                             [](Pool& pool) {
                               auto large = pool.apply_async(text_of, 150 * mebibyte);
                               auto small = pool.map_async(square, std::vector<int>(500, 2));
                               const int found = says_why([&] { large.get(); });
                               if (small.get() != std::vector<int>(500, 4)) return 80;
                               return found;
                             }),
              0)
        << more;
  }
}

TEST_P(OwnersMemory, refuses_one_large_element_and_the_others_have_their_values) {
  EXPECT_EQ(in_small_owner(options(2), 50 * mebibyte,
                           [](Pool& pool) {
                             std::vector<std::size_t> lengths(50, 10);
                             lengths[20] = 150 * mebibyte;
                             const auto outcomes = pool.try_map(text_of, lengths);
                             for (std::size_t i = 0; i < outcomes.size(); ++i) {
                               if (i == 20) continue;
                               if (!outcomes[i].has_value()) return 70;
                               if (outcomes[i].value() != text_of(10)) return 71;
                             }
                             return says_why([&] { outcomes[20].value(); });
                           }),
            0);
}

TEST_P(OwnersMemory, refuses_large_results_and_the_destructor_returns) {
  EXPECT_EQ(in_child([&] {
              {
                Pool pool(options(2));
                pool.map(square, std::vector<int>(20, 1));
                limit_memory(50 * mebibyte);
                const auto one = pool.apply_async(text_of, 150 * mebibyte);
                const auto other = pool.apply_async(text_of, 150 * mebibyte);
              }
              start::drop_forkserver();
              return 0;
            }),
            0);
}

// --- what a header claims ---

int claims_a_frame(std::uint64_t length) {
  write_header(protocol::Type::results, length);
  const std::string begin(64 << 10, 'x');
  write_raw(std::as_bytes(std::span(begin)));
  return 1;
}
int streams_a_frame(std::uint64_t length) {
  write_header(protocol::Type::results, length);
  const std::string part(1 << 20, 'x');
  while (write_raw(std::as_bytes(std::span(part)))) {
  }
  return 1;
}

class Claimed : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Claimed);

TEST_P(Claimed, a_frame_of_half_a_tebibyte_ends_its_worker_and_no_other) {
  const LogCatcher log;
  Pool pool = make_pool(2);
  EXPECT_THROW(pool.apply(claims_a_frame, std::uint64_t{1} << 39), WorkerLost);
  auto bad = pool.apply_async(streams_a_frame, std::uint64_t{1} << 39);
  EXPECT_EQ(pool.map(square, std::vector<int>(100, 3)), std::vector<int>(100, 9));
  EXPECT_THROW(bad.get(), WorkerLost);
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(Claimed, a_frame_takes_memory_as_it_arrives) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer has memory of its own";
  const LogCatcher log;
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);
  pool.apply(square, 1);
  const std::size_t before = resident_of(::getpid());
  auto bad = pool.apply_async(
      [](const std::string& mail, const std::string& at) {
        claims_a_frame(std::uint64_t{1000} << 20);
        Mailbox::send(mail, "claimed");
        Gate::pass(at);
        ::raise(SIGKILL);
      },
      mailbox.path(), gate.path());
  mailbox.receive();
  EXPECT_LT(resident_of(::getpid()), before + 10 * mebibyte);
  gate.open();
  EXPECT_THROW(bad.get(), WorkerLost);
}

TEST_P(OwnersMemory, refuses_what_a_worker_streams_and_the_pool_goes_on) {
  EXPECT_EQ(in_small_owner(options(1), 150 * mebibyte,
                           [](Pool& pool) {
                             return says_why(
                                 [&] { pool.apply(streams_a_frame, std::uint64_t{1} << 30); });
                           }),
            0);
}

// --- the Nth allocation ---

class Allocation : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Allocation);

/// The nth allocation of this process from now on fails while it lives.
class Refusal {
 public:
  explicit Refusal(long nth) {
    armed_in = ::getpid();
    allocations_left = nth;
  }
  Refusal(const Refusal&) = delete;
  Refusal& operator=(const Refusal&) = delete;
  ~Refusal() { allocations_left = 0; }
  bool happened() const { return allocations_left <= 0; }
};

int throws_text(int) { throw std::runtime_error(std::string(100, 'e')); }

template <class Body>
void attempt(Body body) {
  try {
    body();
  } catch (const std::exception&) {
  }
}

/// Every verb once; what is thrown is no matter, that it ends is.
void use(Pool& pool, const std::string& large) {
  attempt([&] { EXPECT_EQ(pool.apply(square, 3), 9); });
  attempt([&] { EXPECT_EQ(pool.apply(text_of, 100'000).size(), 100'000U); });
  attempt([&] {
    EXPECT_EQ(pool.apply([](const std::string& s) { return s.size(); }, large), large.size());
  });
  attempt([&] { pool.apply(throws_text, 1); });
  attempt([&] { pool.apply_async(throws_text, 1).wait(); });  // and its error is not asked for
  attempt([&] { EXPECT_EQ(pool.map(square, std::vector<int>(50, 2)), std::vector<int>(50, 4)); });
  attempt([&] {
    std::vector<AsyncResult<int>> results;
    for (int i = 0; i < 20; ++i) results.push_back(pool.apply_async(square, i));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i * i);
  });
  attempt([&] {
    for (const auto& outcome : pool.try_map(text_of, std::vector<std::size_t>(5, 5000))) {
      if (outcome.has_value()) {
        EXPECT_EQ(outcome.value().size(), 5000U);
      }
    }
  });
  attempt([&] {
    int expected = 0;
    for (const int x : pool.imap(square, std::vector<int>{0, 1, 2, 3})) {
      EXPECT_EQ(x, expected * expected);
      ++expected;
    }
  });
}

TEST_P(Allocation, that_is_refused_to_the_owner_ends_in_outcomes_and_the_pool_in_time) {
  const LogCatcher log;
  const std::string large(100'000, 'a');
  for (long nth = 1;; nth += times(1, 13)) {
    bool happened = false;
    {
      Pool pool = make_pool(2);
      pool.map(square, std::vector<int>(10, 1));
      const Refusal refusal(nth);
      use(pool, large);
      happened = refusal.happened();
    }
    if (!happened) break;
    ASSERT_LT(nth, 20'000);
  }
}

// Calls that come in turn are runs of one each, so that the scheduler's own lists grow, in the
// midst of changes.
TEST_P(Allocation, that_is_refused_while_calls_of_two_functions_take_turns_keeps_none_waiting) {
  const LogCatcher log;
  for (long nth = 1;; nth += times(1, 13)) {
    Pool pool = make_pool(1);
    pool.map(square, std::vector<int>(10, 1));
    std::vector<AsyncResult<int>> results;
    results.reserve(40);
    const Refusal refusal(nth);
    attempt([&] {
      for (int i = 0; i < 20; ++i) {
        results.push_back(pool.apply_async(square, i));
        results.push_back(pool.apply_async([](int x) { return x + 1; }, i));
      }
    });
    for (int i = 0; const AsyncResult<int>& result : results) {
      attempt([&] { EXPECT_EQ(result.get(), i % 2 == 0 ? i / 2 * (i / 2) : i / 2 + 1); });
      ++i;
    }
    for (int i = 0; i < 3; ++i) attempt([&] { EXPECT_EQ(pool.apply(square, i), i * i); });
    if (!refusal.happened()) break;
    ASSERT_LT(nth, 20'000);
  }
}

// The call itself; and now and then a place in the queue. A queue is used while the dispatcher has
// the other one, and each may have to grow twice.
TEST_P(Allocation, of_an_asynchronous_call_is_one_for_its_caller) {
  Pool pool = make_pool(1);
  pool.apply_async(square, 1).get();
  constexpr int calls = 100;
  long allocations = 0;
  for (int i = 0; i < calls; ++i) {
    const long before = allocations_of_this_thread;
    const AsyncResult<int> result = pool.apply_async(square, i);
    allocations += allocations_of_this_thread - before;
    EXPECT_EQ(result.get(), i * i);
  }
  EXPECT_LE(allocations, calls + 4);
}

/// A lock that the server has given for an answer that has not arrived comes back soon.
void take_and_give(const ManagedLock& lock) {
  while (!lock.try_acquire_for(10ms)) std::this_thread::yield();
  lock.release();
}

TEST_P(Allocation, that_is_refused_to_a_client_of_a_manager_ends_in_values_or_errors) {
  const Manager manager({.start_method = method()});
  const auto dict = manager.dict<int, std::string>();
  const auto queue = manager.queue<std::string>();
  const ManagedLock lock = manager.lock();
  const std::string text(1000, 't');
  for (long nth = 1;; ++nth) {
    const Refusal refusal(nth);
    attempt([&] {
      dict.set(1, text);
      EXPECT_EQ(dict.at(1), text);
    });
    attempt([&] {
      queue.put(text);
      EXPECT_EQ(queue.get(), text);
    });
    attempt([&] {
      lock.acquire();
      try {
        lock.release();
      } catch (const std::exception&) {
        lock.release();  // only one allocation is refused; or it has arrived
      }
    });
    if (!refusal.happened()) break;
    ASSERT_LT(nth, 20'000);
  }
  take_and_give(lock);
}

}  // namespace
}  // namespace brood::testing::memory_test

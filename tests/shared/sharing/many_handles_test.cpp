#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <brood/event.hpp>
#include <brood/queue.hpp>
#include "pool/pool_fixture.hpp"
#include "shared/children.hpp"

// More handles of shared objects than the socket beside a worker's pipes takes, some 270 messages.
namespace brood::testing::many_handles_test {
namespace {

class ManyHandles : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ManyHandles);

void set(const Event& event) { event.set(); }
void set_all(const std::vector<Event>& events) {
  for (const Event& event : events) event.set();
}
int nothing(const std::vector<Event>& events) { return static_cast<int>(events.size()); }
Event set_there(int) {
  Event made;
  made.set();
  return made;
}
std::vector<Event> kept;
void keep(std::vector<Event> events) { kept = std::move(events); }
int kept_count() { return static_cast<int>(kept.size()); }

int count_descriptors(const Event&) { return static_cast<int>(descriptors_of("self").size()); }

template <class Range>
bool all_set(const Range& events) {
  for (const Event& event : events) {
    if (!event.is_set()) return false;
  }
  return true;
}

TEST_P(ManyHandles, arrive_with_calls_that_pile_up) {
  Pool pool = make_pool(1);
  std::vector<Event> events(200);
  Event gate;
  std::vector<AsyncResult<void>> results;
  results.push_back(pool.apply_async([](const Event& opened) { opened.wait(); }, gate));
  for (int round = 0; round < 5; ++round) {
    for (const Event& event : events) results.push_back(pool.apply_async(set, event));
  }
  gate.set();
  for (const auto& result : results) result.get();
  EXPECT_TRUE(all_set(events));
}

TEST_P(ManyHandles, that_the_worker_knows_already_do_not_fill_the_socket) {
  Pool pool = make_pool(1);
  const std::vector<Event> events(100);
  const std::vector<std::vector<Event>> again(200, events);
  EXPECT_EQ(pool.map(nothing, again), std::vector<int>(200, 100));
  std::vector<AsyncResult<int>> results;
  for (const auto& same : again) results.push_back(pool.apply_async(nothing, same));
  for (const auto& result : results) EXPECT_EQ(result.get(), 100);
}

TEST_P(ManyHandles, come_back_as_results) {
  Pool pool = make_pool(2);
  EXPECT_TRUE(all_set(pool.map(set_there, std::vector<int>(400))));
  int count = 0;
  for (const Event& event : pool.imap(set_there, std::vector<int>(400))) count += event.is_set();
  EXPECT_EQ(count, 400);
}

TEST_P(ManyHandles, go_to_an_initializer) {
  PoolOptions made = options(2);
  made.initializer = task(keep, std::vector<Event>(300));
  Pool pool(std::move(made));
  EXPECT_EQ(pool.apply(kept_count), 300);
}

/// 500 events, each made when it is asked for.
class FreshEvents {
 public:
  struct Iterator {
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    int left = 0;
    Event operator*() const { return {}; }
    Iterator& operator++() {
      --left;
      return *this;
    }
    void operator++(int) { --left; }
    bool operator==(std::default_sentinel_t) const { return left == 0; }
  };
  Iterator begin() const { return {500}; }
  std::default_sentinel_t end() const { return {}; }
};

// What has no handle any more is gone, in the owner and in the worker.
TEST_P(ManyHandles, that_pass_through_a_stream_are_dropped_on_the_way) {
  Pool pool = make_pool(1);
  const std::size_t before = descriptors_of("self").size();
  const auto few = [&] { return descriptors_of("self").size() < before + 100; };
  const auto pass = pool.with({.chunk = 1, .window = 8});
  int count = 0;
  for (const Event& event : pass.imap(set_there, std::vector<int>(500))) {
    ASSERT_TRUE(event.is_set() && few()) << count;
    ++count;
  }
  for (const int of_worker : pass.imap(count_descriptors, FreshEvents())) {
    ASSERT_TRUE(of_worker < 100 && few()) << count << ": " << of_worker;
    ++count;
  }
  EXPECT_EQ(count, 1000);
}

// unix(7), ETOOMANYREFS: root may have more.
TEST_F(PoolCheck, handles_wait_while_their_user_has_too_many_on_the_way) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer's runtime cannot change its user";
  Child user([] {
    const rlimit few{120, 120};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
    if (::getuid() == 0 && ::setuid(65534) != 0) return 2;
    Pool pool({.workers = 3, .start_method = "fork"});
    const std::vector<Event> events(60);
    for (int round = 0; round < 20; ++round)
      pool.for_each(set_all, std::vector<std::vector<Event>>(12, events));
    return all_set(events) ? 0 : 3;
  });
  EXPECT_EQ(user.wait(), 0);
}

// What is on the way already is fetched while the rest waits for room.
TEST_F(PoolCheck, handles_of_one_task_may_be_more_than_may_be_on_the_way) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer's runtime cannot change its user";
  Child user([] {
    if (::getuid() == 0 && ::setuid(65533) != 0) return 1;
    Pool pool({.workers = 2, .start_method = "fork"});
    const std::vector<Event> events(300);
    const rlimit few{20, 20};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
    pool.apply(set_all, events);
    pool.for_each(set_all, std::vector<std::vector<Event>>(12, events));
    return all_set(events) ? 0 : 3;
  });
  EXPECT_EQ(user.wait(), 0);
}

TEST_F(PoolCheck, a_value_with_many_handles_waits_for_room_in_a_queue) {
  if (under_sanitizer) GTEST_SKIP() << "a sanitizer's runtime cannot change its user";
  Child user([] {
    if (::getuid() == 0 && ::setuid(65532) != 0) return 1;
    const Queue<std::vector<Event>> queue;
    const std::vector<Event> events(40);
    const rlimit few{128, 128};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
    while (queue.try_put(events)) continue;
    if (queue.size() == 0 || queue.get()->size() != 40) return 3;
    queue.put(events);
    return queue.try_put(events) ? 4 : 0;
  });
  EXPECT_EQ(user.wait(), 0);
}

}  // namespace
}  // namespace brood::testing::many_handles_test

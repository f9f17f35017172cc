#include <string>
#include <vector>

#include <brood/queue.hpp>
#include <brood/semaphore.hpp>
#include "pool/pool_fixture.hpp"

namespace brood::testing::queue_travel_test {
namespace {

class QueueTravel : public PoolTest {};
BROOD_FOR_EVERY_METHOD(QueueTravel);

void produce(Queue<int> queue, int first, int count) {
  for (int i = 0; i < count; ++i) queue.put(first + i);
}
long consume(Queue<int> queue) {
  long sum = 0;
  while (const auto value = queue.get()) sum += *value;
  return sum;
}
Queue<std::string> make_and_fill(const std::string& text) {
  Queue<std::string> made;
  made.put(text);
  return made;
}
std::optional<Queue<int>> kept;
void keep(Queue<int> queue) { kept = queue; }
void put_into_kept(int value) { kept->put(value); }
Queue<int> global;
void put_into_global(int value) { global.put(value); }

TEST_P(QueueTravel, a_queue_is_an_argument_of_tasks_that_feed_each_other) {
  Pool pool = make_pool(4);
  Queue<int> queue(10);
  auto sum = pool.apply_async(consume, queue);
  auto one = pool.apply_async(produce, queue, 0, 1000);
  auto other = pool.apply_async(produce, queue, 1000, 1000);
  one.get();
  other.get();
  queue.close();
  EXPECT_EQ(sum.get(), 1999L * 2000 / 2);
}

struct Desk {
  Queue<int> papers;
  Semaphore chairs;
  int number = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(papers, chairs, number);
  }
};
Desk put_down(Desk desk) {
  desk.papers.put(desk.number);
  desk.chairs.release();
  return desk;
}
TEST_P(QueueTravel, a_queue_is_a_member_of_what_travels) {
  Pool pool = make_pool(1);
  Desk desk;
  desk.number = 3;
  const Desk back = pool.apply(put_down, desk);
  EXPECT_EQ(back.papers.get(), 3);
  EXPECT_EQ(desk.chairs.value(), 2);
}

TEST_P(QueueTravel, an_initializer_gives_a_queue_to_every_worker) {
  Queue<int> queue;
  PoolOptions made = options(3);
  made.initializer = task(keep, queue);
  Pool pool(std::move(made));
  pool.for_each(put_into_kept, std::vector<int>(300, 1));
  EXPECT_EQ(queue.size(), 300U);
}

TEST_P(QueueTravel, a_queue_that_a_task_has_made_is_its_result) {
  Pool pool = make_pool(1);
  Queue<std::string> queue = pool.apply(make_and_fill, "made there");
  EXPECT_EQ(queue.get(), "made there");
}

// What fork inherits and spawn builds anew.
TEST_P(QueueTravel, a_global_queue_is_the_same_one_under_fork_only) {
  {
    Pool pool = make_pool(1);
    pool.apply(put_into_global, 5);
  }
  EXPECT_EQ(global.size(), method() == "fork" ? 1U : 0U);
  while (global.try_get()) {
  }
}

}  // namespace
}  // namespace brood::testing::queue_travel_test

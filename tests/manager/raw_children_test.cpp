#include <cstdlib>

#include "manager/manager_fixture.hpp"
#include "shared/children.hpp"

// Processes that the program forks itself, past the library, beside a manager and what is shared.
namespace brood::testing::raw_children_test {
namespace {

class RawChildren : public OneManager {};
BROOD_FOR_EVERY_METHOD(RawChildren);

constexpr int count = 4, times_each = 50;

TEST_P(RawChildren, use_what_their_parent_has_and_leave_it_whole) {
  const auto dict = manager->dict<int, int>();
  const auto managed = manager->queue<int>();
  const auto managed_lock = manager->lock();
  const Queue<int> queue;
  const Lock lock;
  const Value<int> sum(0), managed_sum(0);
  std::vector<Child> all = children(count, [&](int number) {
    for (int i = 0; i < times_each; ++i) {
      dict.set(number * times_each + i, i);
      managed.put(i);
      queue.put(i);
      {
        const std::lock_guard guard(lock);
        sum.set(sum.get() + 1);
      }
      const std::lock_guard guard(managed_lock);
      managed_sum.set(managed_sum.get() + 1);
    }
    if (!under_sanitizer) std::exit(0);  // with all destructors and handlers of the parent
    return 0;
  });
  expect_success(all);
  constexpr int expected = count * times_each;
  EXPECT_EQ(sum.get(), expected);
  EXPECT_EQ(managed_sum.get(), expected);
  EXPECT_EQ(dict.size(), static_cast<std::size_t>(expected));
  for (int i = 0; i < expected; ++i) {
    EXPECT_TRUE(managed.get_for(patience).has_value());
    EXPECT_TRUE(queue.get_for(patience).has_value());
  }
  EXPECT_TRUE(managed.empty() && queue.empty());
  EXPECT_FALSE(lock.locked() || managed_lock.locked());
}

}  // namespace
}  // namespace brood::testing::raw_children_test

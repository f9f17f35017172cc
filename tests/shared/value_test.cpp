#include <brood/value.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "shared/children.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing::value_test {
namespace {

using namespace std::chrono_literals;
using ValueTest = LeakCheck;

struct Point {
  double x = 1, y = 2;
  bool operator==(const Point&) const = default;
};
struct alignas(256) Wide {
  int number = 7;
};

TEST_F(ValueTest, is_what_was_set_last) {
  const Value<int> value(3);
  EXPECT_EQ(value.get(), 3);
  value.set(4);
  EXPECT_EQ(value.get(), 4);
  EXPECT_EQ(*value, 4);
}

TEST_F(ValueTest, begins_as_its_type_does) {
  EXPECT_EQ(Value<int>().get(), 0);
  EXPECT_EQ(Value<Point>().get(), Point());
  const Value<Wide> wide;
  EXPECT_EQ(wide->number, 7);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&*wide) % 256, 0U);
  const Value deduced(2.5);
  EXPECT_EQ(deduced.get(), 2.5);
}

TEST_F(ValueTest, update_works_in_place_or_makes_anew) {
  const Value<int> value(1);
  EXPECT_EQ(value.update([](int& x) { x += 1; }), 2);
  EXPECT_EQ(value.update([](int x) { return x * 10; }), 20);
  EXPECT_EQ(value.update([](const int& x) { return x + 1; }), 21);
  EXPECT_EQ(value.update([](int& x) { return x++; }), 22);
  EXPECT_EQ(value.update([](auto& x) { ++x; }), 23);
  EXPECT_EQ(value.update([](auto& x) { return ++x; }), 24);
  EXPECT_EQ(value.update([](auto x) { return x + 1; }), 25);
  const Value<Point> point;
  point.update([](Point& p) { p.x = 9; });
  EXPECT_EQ(point->x, 9);
  EXPECT_EQ(point.get(), (Point{9, 2}));
}

TEST_F(ValueTest, no_increment_of_four_processes_is_lost) {
  const Value<int> value(0);
  constexpr int each = times(20000, 2000);
  std::vector<Child> all = children(4, [&](int) {
    for (int i = 0; i < each; ++i) value.update([](int& x) { ++x; });
    return 0;
  });
  expect_success(all);
  EXPECT_EQ(value.get(), 4 * each);
}

TEST_F(ValueTest, is_usable_while_its_lock_is_held) {
  const Value<int> value(1);
  {
    const auto guard = value.lock();
    value.set(value.get() + 1);
    value.update([](int& x) { ++x; });
    std::thread([&] { EXPECT_FALSE(value.mutex().try_acquire()); }).join();
  }
  std::unique_lock<RLock> guard = value.lock();
  auto moved = std::move(guard);
  moved.unlock();
  EXPECT_FALSE(value.mutex().locked());
  EXPECT_EQ(value.get(), 3);
}

TEST_F(ValueTest, an_update_that_throws_releases_the_lock) {
  const Value<int> value(1);
  EXPECT_THROW(value.update([](int&) { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_FALSE(value.mutex().locked());
}

TEST_F(ValueTest, a_process_killed_in_an_update_leaves_it_to_the_next) {
  const Value<int> value(1);
  Child victim([&] {
    value.update([](int& x) {
      x = 99;
      stay();
    });
  });
  while (*static_cast<volatile int*>(&*value) != 99) std::this_thread::yield();
  victim.kill();
  const auto guard = value.lock();
  EXPECT_TRUE(value.owner_died());
  value.set(1);
}

TEST_F(ValueTest, of_an_atomic_needs_no_lock) {
  const Value<std::atomic<long>> value(5);
  const auto guard = value.lock();
  std::thread([&] {
    EXPECT_EQ(value.get(), 5);
    value.set(6);
    EXPECT_EQ(value.update([](long x) { return x + 1; }), 7);
    value.update([](std::atomic<long>& x) { x.fetch_add(1); });
    ++*value;
  }).join();
  EXPECT_EQ(value->load(), 9);
}

TEST_F(ValueTest, an_atomic_loses_no_update) {
  const Value<std::atomic<int>> value;
  std::vector<Child> all = children(4, [&](int) {
    for (int i = 0; i < 5000; ++i) value.update([](int x) { return x + 1; });
    return 0;
  });
  expect_success(all);
  EXPECT_EQ(value.get(), 20000);
}

TEST_F(ValueTest, received_is_the_same) {
  const Value<Point> value;
  const Value<Point> other = received(value);
  EXPECT_EQ(Child([&] { other.set({5, 6}); }).wait(), 0);
  EXPECT_EQ(value.get(), (Point{5, 6}));
}

TEST_F(ValueTest, bytes_of_another_type_are_refused) {
  detail::Bytes bytes;
  detail::encode_value(bytes, Value<Point>());
  Reader reader(bytes.view());
  EXPECT_THROW(detail::decode_value<Value<int>>(reader), CodecError);
}

TEST_F(ValueTest, a_type_of_the_same_size_is_another_type) {
  detail::Bytes bytes;
  detail::encode_value(bytes, Value<int>(1));
  Reader as_float(bytes.view()), as_atomic(bytes.view()), as_int(bytes.view());
  EXPECT_THROW(detail::decode_value<Value<float>>(as_float), CodecError);
  EXPECT_THROW(detail::decode_value<Value<std::atomic<int>>>(as_atomic), CodecError);
  EXPECT_EQ(detail::decode_value<Value<int>>(as_int).get(), 1);
}

TEST_F(ValueTest, travels_in_containers_and_tuples) {
  const Value<int> value(1);
  const auto copies = received(std::vector<Value<int>>{value, value});
  copies[1].set(8);
  EXPECT_EQ(value.get(), 8);
}

}  // namespace
}  // namespace brood::testing::value_test

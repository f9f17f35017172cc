#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

namespace brood::testing::on_done_test {
namespace {

class OnDone : public PoolTest {};
BROOD_FOR_EVERY_METHOD(OnDone);
class OnDoneOnce : public PoolCheck {};
class ResultAsFuture : public PoolTest {};
BROOD_FOR_EVERY_METHOD(ResultAsFuture);
class ResultAsFutureOnce : public PoolCheck {};

int waits(const std::string& gate) {
  Gate::pass(gate);
  return 7;
}
int fails(int x) { throw std::invalid_argument(std::to_string(x)); }
void nothing() {}

/// Counts how often it is decoded in this process.
struct Counted {
  int value = 0;
  static inline std::atomic<int> decoded{0};
  template <class Archive>
  void save(Archive& archive) const {
    archive(value);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(value);
    ++decoded;
  }
};
Counted counted(int value) { return {value}; }

TEST_P(OnDone, is_called_once_with_the_result_or_with_the_error) {
  Pool pool = make_pool(1);
  std::promise<Outcome<int>> good, bad;
  std::promise<Outcome<void>> none;
  std::promise<Outcome<std::vector<int>>> many;
  pool.apply_async(square, 4).on_done([&](Outcome<int> o) { good.set_value(std::move(o)); });
  pool.apply_async(fails, 5).on_done([&](Outcome<int>&& o) { bad.set_value(std::move(o)); });
  pool.apply_async(nothing).on_done([&](const Outcome<void>& o) { none.set_value(o); });
  pool.map_async(square, std::vector{1, 2}).on_done([&](Outcome<std::vector<int>> o) {
    many.set_value(std::move(o));
  });
  EXPECT_EQ(good.get_future().get().value(), 16);
  const Outcome<int> error = bad.get_future().get();
  EXPECT_STREQ(caught_in<std::invalid_argument>(error.error()).what(), "5");
  EXPECT_TRUE(none.get_future().get().has_value());
  EXPECT_EQ(many.get_future().get().value(), (std::vector{1, 4}));
}

TEST_P(OnDone, is_called_for_what_is_cancelled_with_its_pool) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::promise<Outcome<int>> done;
  std::optional<AsyncResult<int>> kept;
  {
    Pool pool = make_pool(1);
    kept = pool.apply_async(waits, gate.path());
    kept->on_done([&](Outcome<int> outcome) { done.set_value(std::move(outcome)); });
  }
  caught_in<Cancelled>(done.get_future().get().error());
  std::thread::id where;
  kept->on_done([&](const Outcome<int>&) { where = std::this_thread::get_id(); });
  EXPECT_EQ(where, std::this_thread::get_id()) << "the pool has ended";
}

TEST_F(OnDoneOnce, decodes_the_result_once) {
  Pool pool(1);
  Counted::decoded = 0;
  std::promise<int> value;
  pool.apply_async(counted, 3).on_done([&](const Outcome<Counted>& outcome) {
    value.set_value(outcome.value().value);
  });
  EXPECT_EQ(value.get_future().get(), 3);
  EXPECT_EQ(Counted::decoded, 1);
  EXPECT_EQ(pool.apply_async(counted, 4).future().get().value, 4);
  EXPECT_EQ(Counted::decoded, 2);
}

TEST_F(OnDoneOnce, counts_as_having_asked_for_the_error) {
  std::atomic<int> reported = 0;
  std::promise<void> called;
  {
    Pool pool({.workers = 1, .on_unobserved_error = [&](std::exception_ptr) { ++reported; }});
    pool.apply_async(fails, 1).on_done([&](const Outcome<int>&) { called.set_value(); });
    called.get_future().get();
    pool.close();
    pool.join();
  }
  EXPECT_EQ(reported, 0);
}

TEST_F(OnDoneOnce, may_own_what_can_only_be_moved_and_may_throw) {
  Pool pool(1);
  std::promise<int> promise;
  std::future<int> value = promise.get_future();
  pool.apply_async(square, 3)
      .on_done([](const Outcome<int>&) { throw std::runtime_error("of a callback"); })
      .on_done([p = std::move(promise)](const Outcome<int>& o) mutable { p.set_value(o.value()); });
  EXPECT_EQ(value.get(), 9);
}

TEST_F(OnDoneOnce, meets_ends_at_any_moment) {
  Pool pool(2);
  std::atomic<int> called = 0;
  const int count = times(1000, 200);
  for (int i = 0; i < count; ++i) {
    AsyncResult<int> result = pool.apply_async(square, i);
    if (i % 2) result.wait();
    result.on_done([&](const Outcome<int>&) { ++called; });
  }
  pool.close();
  pool.join();
  EXPECT_EQ(called, count);
}

TEST_P(ResultAsFuture, gives_the_value_or_throws_the_error) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply_async(square, 4).future().get(), 16);
  std::future<int> bad = pool.apply_async(fails, 5).future();
  EXPECT_STREQ(caught<std::invalid_argument>([&] { bad.get(); }).what(), "5");
  pool.apply_async(nothing).future().get();
  EXPECT_EQ(pool.map_async(square, std::vector{1, 2}).future().get(), (std::vector{1, 4}));
}

TEST_P(ResultAsFuture, outlives_its_pool) {
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  std::future<int> done, never;
  {
    Pool pool = make_pool(1);
    done = pool.apply_async(square, 6).future();
    done.wait();
    never = pool.apply_async(waits, gate.path()).future();
  }
  EXPECT_EQ(done.get(), 36);
  EXPECT_THROW(never.get(), Cancelled);
}

TEST_F(ResultAsFutureOnce, takes_the_result) {
  Pool pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> result = pool.apply_async(waits, gate.path());
  std::future<int> value = std::move(result).future();
  EXPECT_FALSE(result.ready());
  EXPECT_THROW(std::move(result).future(), UsageError);
  EXPECT_EQ(value.wait_for(1ms), std::future_status::timeout);
  gate.open();
  EXPECT_EQ(value.get(), 7);
}

TEST_F(ResultAsFutureOnce, is_set_at_once_where_the_result_is_ready) {
  AsyncResult<int> result = [] {
    Pool pool(1);
    AsyncResult<int> made = pool.apply_async(square, 3);
    made.wait();
    return made;
  }();
  EXPECT_EQ(in_child([&] { return std::move(result).future().get(); }), 9);
  std::future<int> value = std::move(result).future();
  EXPECT_EQ(value.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(value.get(), 9);
}

TEST_F(ResultAsFutureOnce, is_refused_to_a_forked_child_and_stays_the_parents) {
  Pool pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  AsyncResult<int> result = pool.apply_async(waits, gate.path());
  EXPECT_EQ(in_child([&] {
              caught<UsageError>([&] { static_cast<void>(std::move(result).future()); });
              return 0;
            }),
            0);
  std::future<int> value = std::move(result).future();
  gate.open();
  EXPECT_EQ(value.get(), 7);
}

}  // namespace
}  // namespace brood::testing::on_done_test

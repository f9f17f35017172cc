#include <utility>

#include "pool/pool_fixture.hpp"
#include "victims/tasks.hpp"

namespace brood::testing::moved_result_test {
namespace {

class MovedResult : public PoolTest {};
BROOD_FOR_EVERY_METHOD(MovedResult);

TEST_P(MovedResult, says_that_it_was_moved_from) {
  Pool pool = make_pool(1);
  auto from = pool.apply_async(square, 3);
  const auto to = std::move(from);
  EXPECT_EQ(to.get(), 9);
  EXPECT_FALSE(from.ready());
  EXPECT_THROW(from.get(), UsageError);
  EXPECT_THROW(from.wait(), UsageError);
  EXPECT_THROW(from.cancel(), UsageError);
  EXPECT_THROW(from.on_error([](const std::exception_ptr&) {}), UsageError);
  auto range = pool.imap(square, {1, 2});
  auto moved = std::move(range);
  EXPECT_EQ(moved.next(), 1);
  EXPECT_THROW(range.next(), UsageError);
}

}  // namespace
}  // namespace brood::testing::moved_result_test

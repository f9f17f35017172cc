#include <gtest/gtest.h>

#include <memory>

#include <brood/errors.hpp>
#include "protocol/owner_page.hpp"

namespace brood::protocol::page_watch_test {
namespace {

class PageWatchTest : public ::testing::Test {
 protected:
  std::uint64_t look(std::uint64_t resolved, std::uint64_t sent) {
    return watch.look(*page, {resolved, sent}).claimed;
  }

  std::unique_ptr<WorkerPage> page = std::make_unique<WorkerPage>();
  PageWatch watch;
};

TEST_F(PageWatchTest, claims_grow_up_to_what_was_sent) {
  EXPECT_EQ(look(0, 8), 0u);
  page->claimed = 3;
  EXPECT_EQ(look(2, 8), 3u);
  page->claimed = 8;
  EXPECT_EQ(look(7, 8), 8u);
}

TEST_F(PageWatchTest, more_than_was_sent_is_not_claimed) {
  page->claimed = 9;
  EXPECT_THROW(look(0, 8), CodecError);
}

TEST_F(PageWatchTest, claims_do_not_go_back) {
  page->claimed = 3;
  look(2, 8);
  page->claimed = 2;
  EXPECT_THROW(look(2, 8), CodecError);
}

TEST_F(PageWatchTest, what_has_an_outcome_was_claimed) {
  page->claimed = 3;
  EXPECT_THROW(look(4, 8), CodecError);
}

TEST_F(PageWatchTest, nobody_but_the_owner_takes_back) {
  page->claimed = 3 | WorkerPage::revoked;
  EXPECT_THROW(look(2, 8), CodecError);
}

TEST_F(PageWatchTest, behind_a_revocation_a_worker_goes_to_its_fence) {
  page->claimed = 3;
  EXPECT_EQ(watch.revoke(*page, 8), 3u);
  EXPECT_EQ(page->fence.load(), 8u);
  EXPECT_EQ(look(2, 8), 3u);
  page->claimed = 8;
  EXPECT_EQ(look(3, 8), 8u);
  watch.acknowledged();
  page->claimed = 9;
  EXPECT_EQ(look(8, 10), 9u);
}

TEST_F(PageWatchTest, behind_a_revocation_a_worker_goes_nowhere_else) {
  page->claimed = 3;
  watch.revoke(*page, 8);
  for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{4},
                                   4 | WorkerPage::revoked, 8 | WorkerPage::revoked}) {
    page->claimed = word;
    EXPECT_THROW(look(2, 8), CodecError) << word;
  }
}

TEST_F(PageWatchTest, after_the_fence_claims_do_not_go_back_behind_it) {
  page->claimed = 3;
  watch.revoke(*page, 8);
  page->claimed = 8;
  watch.acknowledged();
  page->claimed = 3;
  EXPECT_THROW(look(3, 9), CodecError);
}

// What cannot be told to have begun is not taken back: it would run here and elsewhere.
TEST_F(PageWatchTest, a_revocation_of_what_makes_no_sense_takes_nothing_back_and_is_remembered) {
  for (const std::uint64_t word : {std::uint64_t{9}, std::uint64_t{1}, WorkerPage::revoked,
                                   3 | WorkerPage::revoked, ~std::uint64_t{0}}) {
    PageWatch fresh;
    page->claimed = 2;
    fresh.look(*page, {2, 8});
    page->claimed = word;
    EXPECT_EQ(fresh.revoke(*page, 8), 8u) << word;
    EXPECT_TRUE(fresh.doubted());
    EXPECT_THROW(fresh.look(*page, {2, 8}), CodecError);
  }
}

}  // namespace
}  // namespace brood::protocol::page_watch_test

#include <gtest/gtest.h>

#include <memory>

#include <brood/errors.hpp>
#include "protocol/owner_page.hpp"
#include "protocol/revocation.hpp"

namespace brood::protocol::page_watch_test {
namespace {

class PageWatchTest : public ::testing::Test {
 protected:
  std::uint64_t look(std::uint64_t resolved, std::uint64_t sent) {
    return watch.look(*page, {resolved, sent}).claimed;
  }
  std::uint64_t revoke(PageWatch& by, std::uint64_t fence) {
    return revoke(by, fence, [] { return true; });
  }
  // `between` is what happens meanwhile; false where there is no barrier.
  template <class Between>
  std::uint64_t revoke(PageWatch& by, std::uint64_t fence, Between between) {
    by.ask(*page, fence);
    return by.decide(*page, between() ? PageWatch::Barrier::passed : PageWatch::Barrier::refused);
  }

  void SetUp() override { page->revocation = WorkerPage::not_revoked; }

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
  page->claimed = 3;
  for (const std::uint64_t word : {WorkerPage::asked, WorkerPage::decided, std::uint64_t{0}}) {
    page->revocation = word;
    EXPECT_THROW(look(2, 8), CodecError) << word;
  }
}

TEST_F(PageWatchTest, behind_a_revocation_a_worker_goes_to_its_fence) {
  page->claimed = 3;
  EXPECT_EQ(revoke(watch, 8), 3u);
  EXPECT_EQ(page->fence.load(), 8u);
  EXPECT_EQ(page->revocation.load(), WorkerPage::decided | 3);
  EXPECT_EQ(look(2, 8), 3u);
  page->claimed = 8;
  EXPECT_EQ(look(3, 8), 3u);
  watch.acknowledged(*page);
  EXPECT_EQ(page->revocation.load(), WorkerPage::not_revoked);
  page->claimed = 9;
  EXPECT_EQ(look(8, 10), 9u);
}

// It claims one more before it finds that this is taken back.
TEST_F(PageWatchTest, what_a_worker_claims_behind_what_it_keeps_has_not_begun) {
  page->claimed = 3;
  revoke(watch, 8);
  page->claimed = 4;
  EXPECT_EQ(look(3, 8), 3u);
}

TEST_F(PageWatchTest, a_worker_that_decides_first_keeps_what_it_has_decided) {
  page->claimed = 3;
  const std::uint64_t kept = revoke(watch, 8, [this] {
    page->claimed = 4;
    EXPECT_EQ(decide(*page, 4), WorkerPage::decided | 4);
    page->claimed = 5;  // and finds that it has not this one
    return true;
  });
  EXPECT_EQ(kept, 4u);
  EXPECT_FALSE(watch.doubted());
  EXPECT_EQ(look(3, 8), 4u);
}

TEST_F(PageWatchTest, the_first_decision_stands) {
  page->claimed = 3;
  revoke(watch, 8);
  EXPECT_EQ(decide(*page, 4), WorkerPage::decided | 3);
}

// The owner may not have seen the last claim.
TEST_F(PageWatchTest, without_a_barrier_nothing_is_taken_back_and_that_is_remembered) {
  page->claimed = 3;
  EXPECT_EQ(revoke(watch, 8, [] { return false; }), 8u);
  EXPECT_TRUE(watch.doubted());
  EXPECT_THROW(look(3, 8), CodecError);
}

TEST_F(PageWatchTest, what_a_worker_decides_needs_no_barrier) {
  page->claimed = 3;
  const std::uint64_t kept = revoke(watch, 8, [this] {
    page->claimed = 4;
    decide(*page, 4);
    return false;
  });
  EXPECT_EQ(kept, 4u);
  EXPECT_FALSE(watch.doubted());
}

TEST_F(PageWatchTest, what_has_begun_is_bounded_by_what_is_decided) {
  page->claimed = 3;
  EXPECT_EQ(watch.begun(*page), 3u);
  revoke(watch, 8);
  page->claimed = 4;
  EXPECT_EQ(watch.begun(*page), 3u);
}

TEST_F(PageWatchTest, behind_a_revocation_a_worker_goes_nowhere_else) {
  page->claimed = 3;
  revoke(watch, 8);
  for (const std::uint64_t word :
       {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{5}, std::uint64_t{9}}) {
    page->claimed = word;
    EXPECT_THROW(look(2, 8), CodecError) << word;
  }
  page->claimed = 3;
  for (const std::uint64_t word :
       {std::uint64_t{0}, WorkerPage::asked, WorkerPage::decided, WorkerPage::decided | 4}) {
    page->revocation = word;
    EXPECT_THROW(look(2, 8), CodecError) << word;
  }
}

TEST_F(PageWatchTest, after_the_fence_claims_do_not_go_back_behind_it) {
  page->claimed = 3;
  revoke(watch, 8);
  page->claimed = 8;
  watch.acknowledged(*page);
  page->claimed = 3;
  EXPECT_THROW(look(3, 9), CodecError);
}

// What cannot be told to have begun is not taken back: it would run here and elsewhere.
TEST_F(PageWatchTest, a_revocation_of_what_makes_no_sense_takes_nothing_back_and_is_remembered) {
  for (const std::uint64_t word :
       {std::uint64_t{9}, std::uint64_t{1}, WorkerPage::asked, ~std::uint64_t{0}}) {
    PageWatch fresh;
    page->claimed = 2;
    page->revocation = WorkerPage::not_revoked;
    fresh.look(*page, {2, 8});
    page->claimed = word;
    EXPECT_EQ(revoke(fresh, 8), 8u) << word;
    EXPECT_TRUE(fresh.doubted());
    EXPECT_THROW(fresh.look(*page, {2, 8}), CodecError);
  }
}

TEST_F(PageWatchTest, a_decision_that_makes_no_sense_takes_nothing_back_and_is_remembered) {
  for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{3}, WorkerPage::decided | 1,
                                   WorkerPage::decided | 9, ~std::uint64_t{0}}) {
    PageWatch fresh;
    page->claimed = 2;
    page->revocation = WorkerPage::not_revoked;
    fresh.look(*page, {2, 8});
    const auto scribble = [&] {
      page->revocation = word;
      return true;
    };
    EXPECT_EQ(revoke(fresh, 8, scribble), 8u) << word;
    EXPECT_TRUE(fresh.doubted()) << word;
  }
}

}  // namespace
}  // namespace brood::protocol::page_watch_test

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <brood/connection.hpp>
#include <brood/event.hpp>
#include "pool/pool_fixture.hpp"
#include "shared/children.hpp"
#include "support/few_descriptors.hpp"
#include "support/raw_message.hpp"

// Messages with descriptors, and receivers that have no room for these.
namespace brood::testing::room_test {
namespace {

using Message = std::pair<std::string, std::vector<Event>>;

class NoRoom : public PoolCheck {
 protected:
  void SetUp() override {
    PoolCheck::SetUp();
    if (under_address_sanitizer) GTEST_SKIP() << "UBSan looks at an error by way of a descriptor";
    auto [one, other] = pipe();
    here = one;
    there = other;
  }
  void TearDown() override {
    here.close();
    there.close();
    PoolCheck::TearDown();
  }
  /// Sends it from a process that ends then: its objects are on their way only. A number follows.
  void send_elsewhere(std::size_t length, std::size_t handles) {
    Child sender([&] {
      there.send(Message{std::string(length, 'x'), std::vector<Event>(handles)});
      there.send(7);
    });
    ASSERT_EQ(sender.wait(), 0);
  }
  void expect_whole(std::size_t length, std::size_t handles) {
    const Message got = here.recv<Message>().value();
    EXPECT_EQ(got.first, std::string(length, 'x'));
    ASSERT_EQ(got.second.size(), handles);
    got.second.back().set();
    EXPECT_TRUE(got.second.back().is_set());
    EXPECT_EQ(here.recv<int>(), 7);
  }
  int error_of_recv() {
    return caught<SystemError>([&] { here.recv<Message>(); }).code().value();
  }

  Connection here, there;
};

TEST_F(NoRoom, for_its_descriptors_leaves_a_message_for_the_next_recv) {
  for (const std::size_t length : {10U, 100'000U}) {
    for (const std::size_t handles : {1U, 12U, 40U, 600U}) {
      send_elsewhere(length, handles);
      {
        const FewDescriptors none(0);
        EXPECT_TRUE(here.poll());
        EXPECT_EQ(error_of_recv(), EMFILE);
        EXPECT_EQ(caught<SystemError>([&] { here.recv_bytes(); }).code().value(), EMFILE);
      }
      expect_whole(length, handles);
    }
  }
}

TEST_F(NoRoom, for_some_of_its_descriptors_leaves_all_of_a_message) {
  for (const std::size_t handles : {12U, 40U, 300U}) {
    send_elsewhere(100'000, handles);
    for (const int more : {1, 2, 5, 10, 30, 290}) {
      if (static_cast<std::size_t>(more) >= handles) continue;
      const FewDescriptors few(more);
      EXPECT_EQ(error_of_recv(), EMFILE) << more << " of " << handles;
    }
    expect_whole(100'000, handles);
  }
}

TEST_F(NoRoom, for_more_than_it_has_does_not_keep_a_message) {
  for (const std::size_t handles : {3U, 12U}) {
    send_elsewhere(10, handles);
    const FewDescriptors enough(40);
    expect_whole(10, handles);
  }
}

TEST_F(NoRoom, holds_up_no_message_without_descriptors) {
  there.send(std::string(100, 'x'));
  const FewDescriptors none(0);
  EXPECT_EQ(here.recv<std::string>(), std::string(100, 'x'));
}

// As an honest shortage it would stay for ever.
TEST_F(NoRoom, for_more_descriptors_than_a_message_tells_of_does_not_keep_it) {
  const std::vector<int> many(60, there.file_descriptor());
  for (const std::size_t size : {std::size_t{1}, std::size_t{40}, std::size_t{400}}) {
    const std::vector<char> nothing(size, '\0');
    ASSERT_TRUE(send_raw(there.file_descriptor(), nothing.data(), size, many));
    there.send(7);
    const FewDescriptors few(20);
    caught<Error>([&] { here.recv<Message>(); });
    EXPECT_EQ(here.recv<int>(), 7);
  }
}

TEST_F(NoRoom, in_one_process_leaves_the_message_to_another) {
  send_elsewhere(10, 40);
  {
    const FewDescriptors none(0);
    EXPECT_EQ(error_of_recv(), EMFILE);
  }
  Child other([&] { return here.recv<Message>()->second.size() == 40 ? 0 : 1; });
  EXPECT_EQ(other.wait(), 0);
  EXPECT_EQ(here.recv<int>(), 7);
}

TEST_F(NoRoom, to_spare_loses_no_message_of_readers_that_share_an_end) {
  constexpr int count = 200;
  std::vector<Child> readers = children(2, [&](int) {
    there.close();
    const FewDescriptors few(40);
    int got = 0;
    for (auto next = here.recv<Message>(); next; next = here.recv<Message>())
      got += next->second.size() == 3 ? 1 : 0;
    return got;
  });
  for (int i = 0; i < count; ++i) there.send(Message{"", std::vector<Event>(3)});
  there.close();
  int got = 0;
  for (Child& reader : readers) got += reader.wait();
  EXPECT_EQ(got, count);
}

TEST_F(NoRoom, of_a_forked_worker_leaves_the_message_too) {
  send_elsewhere(10, 12);
  Pool pool({.workers = 1, .start_method = "fork"});
  const int error = pool.apply(
      [](Connection end) {
        const FewDescriptors none(0);
        try {
          end.recv<Message>();
          return 0;
        } catch (const SystemError& refused) {
          return refused.code().value();
        }
      },
      here);
  EXPECT_EQ(error, EMFILE);
  expect_whole(10, 12);
}

}  // namespace
}  // namespace brood::testing::room_test

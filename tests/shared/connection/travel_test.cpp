#include <unistd.h>

#include <array>
#include <ranges>
#include <string>
#include <vector>

#include <brood/connection.hpp>
#include <brood/file_descriptor.hpp>
#include "pool/pool_fixture.hpp"
#include "support/views.hpp"

// What is shared goes wherever a value goes.
namespace brood::testing::travel_test {
namespace {

class Travel : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Travel);

int answer(Connection connection) {
  connection.send(::getpid());
  return connection.recv<int>();
}
void say(Connection connection, const std::string& text) { connection.send(text); }
Connection give_back(Connection connection) { return connection; }
Connection made_here(int value) {
  auto [ours, theirs] = pipe();
  ours.send(value);
  return theirs;
}
std::vector<Connection> many_made_here(int count) {
  std::vector<Connection> made;
  for (int i = 0; i < count; ++i) made.push_back(made_here(i));
  return made;
}
long descriptors_here() { return static_cast<long>(names_in("/proc/self/fd").size()); }
Connection kept;
void keep(Connection connection) { kept = connection; }
void say_by_kept(int value) { kept.send(value); }
void write_into(FileDescriptor file, const std::string& text) {
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}
void fail_once_then_say(Connection connection) {
  if (this_task::attempt() == 1) ::_exit(7);
  connection.send(1);
}

TEST_P(Travel, a_connection_is_an_argument_of_a_task) {
  Pool pool = make_pool(1);
  auto [ours, theirs] = pipe();
  auto result = pool.apply_async(answer, theirs);
  theirs.close();
  EXPECT_EQ(ours.recv<int>(), pool.workers().front().pid);
  ours.send(5);
  EXPECT_EQ(result.get(), 5);
  EXPECT_FALSE(ours.recv<int>().has_value());  // the worker keeps nothing when the call is over
}

TEST_P(Travel, connections_are_elements_of_a_map) {
  Pool pool = make_pool(2);
  std::vector<Connection> ours, theirs;
  for (int i = 0; i < 40; ++i) {
    auto [one, other] = pipe();
    one.send(i);
    ours.push_back(one);
    theirs.push_back(other);
  }
  const std::vector<int> answers = pool.map(answer, theirs);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(answers[static_cast<std::size_t>(i)], i);
  for (Connection& one : ours) EXPECT_TRUE(one.recv<int>().has_value());
}

TEST_P(Travel, a_connection_is_bound_to_a_task_and_sent_once) {
  Pool pool = make_pool(2);
  auto [ours, theirs] = pipe();
  pool.for_each(task(say, theirs), std::vector<std::string>(200, "x"));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(ours.recv<std::string>(), "x");
  EXPECT_FALSE(ours.poll());
}

TEST_P(Travel, an_initializer_takes_a_connection) {
  auto [ours, theirs] = pipe();
  PoolOptions made = options(2);
  made.initializer = task(keep, theirs);
  Pool pool(std::move(made));
  pool.for_each(say_by_kept, std::vector<int>{1, 2, 3});
  int sum = 0;
  for (int i = 0; i < 3; ++i) sum += ours.recv<int>().get();
  EXPECT_EQ(sum, 6);
}

TEST_P(Travel, a_connection_comes_back_as_the_same_object) {
  Pool pool = make_pool(1);
  auto [ours, theirs] = pipe();
  Connection back = pool.apply(give_back, theirs);
  EXPECT_EQ(back.file_descriptor(), theirs.file_descriptor());
  back.send(3);
  EXPECT_EQ(ours.recv<int>(), 3);
}

TEST_P(Travel, a_connection_that_a_task_has_made_is_its_result) {
  Pool pool = make_pool(2);
  EXPECT_EQ(pool.apply(made_here, 4).recv<int>(), 4);
  auto later = pool.apply_async(made_here, 5);
  EXPECT_EQ(later.get().recv<int>(), 5);
  std::vector<Connection> all = pool.map(made_here, std::vector<int>{1, 2, 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].recv<int>(), i + 1);
  int expected = 10;
  for (Connection one : pool.imap(made_here, std::vector<int>{10, 11, 12}))
    EXPECT_EQ(one.recv<int>(), expected++);
}

TEST_P(Travel, a_result_may_hold_more_connections_than_the_socket_has_room_for) {
  Pool pool = make_pool(1);
  std::vector<Connection> all = pool.apply(many_made_here, 400);
  ASSERT_EQ(all.size(), 400U);
  for (int i = 0; i < 400; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].recv<int>(), i);
}

#ifndef BROOD_TESTS_WITHOUT_VIEWS
TEST_P(Travel, an_imap_takes_connections_as_they_come) {
  Pool pool = make_pool(2);
  std::vector<Connection> ours;
  auto inputs = std::views::iota(0, 30) | std::views::transform([&ours](int i) {
                  auto [one, other] = pipe();
                  one.send(i);
                  ours.push_back(one);
                  return other;
                });
  int next = 0;
  for (const int got : pool.imap(answer, inputs)) EXPECT_EQ(got, next++);
  EXPECT_EQ(next, 30);
}
#endif

TEST_P(Travel, another_attempt_gets_the_connection_too) {
  Pool pool = make_pool(1);
  auto [ours, theirs] = pipe();
  pool.with({.retries = 1}).apply(fail_once_then_say, theirs);
  EXPECT_EQ(ours.recv<int>(), 1);
}

TEST_P(Travel, a_plain_descriptor_is_an_argument) {
  Pool pool = make_pool(1);
  std::array<int, 2> ends;
  ASSERT_EQ(::pipe(ends.data()), 0);
  pool.apply(write_into, FileDescriptor(ends[1]), "from a worker");
  ::close(ends[1]);
  std::array<char, 64> text{};
  EXPECT_EQ(::read(ends[0], text.data(), text.size()), 13);
  ::close(ends[0]);
}

TEST_P(Travel, a_worker_keeps_no_descriptor_of_calls_that_are_over) {
  Pool pool = make_pool(1);
  const long before = pool.apply(descriptors_here);
  for (int i = 0; i < 200; ++i) {
    auto [ours, theirs] = pipe();
    ours.send(i);
    EXPECT_EQ(pool.apply(answer, theirs), i);
  }
  EXPECT_EQ(pool.apply(descriptors_here), before);
}

}  // namespace
}  // namespace brood::testing::travel_test

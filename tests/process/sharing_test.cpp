#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <brood/connection.hpp>
#include <brood/lock.hpp>
#include <brood/value.hpp>
#include "process/process_fixture.hpp"

// Handles of shared objects as arguments.
namespace brood::testing::sharing_test {
namespace {

using Sharing = ProcessTest;
BROOD_FOR_EVERY_METHOD(Sharing);

void answers(Connection connection) {
  while (const auto number = connection.recv<int>()) connection.send(*number * 2);
}

TEST_P(Sharing, a_connection_talks_to_the_process_and_ends_with_it) {
  auto [here, there] = brood::pipe();
  Process process(by_method(), answers, std::move(there));
  process.start();
  here.send(21);
  EXPECT_EQ(here.recv<int>().value(), 42);
  process.kill();
  EXPECT_FALSE(here.recv<int>());  // this process holds no copy of the other end
  process.join();
}

TEST_P(Sharing, an_end_that_the_callable_drops_is_closed_there) {
  auto [here, there] = brood::pipe();
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  Process process(
      by_method(),
      [](Connection given, const std::string& at) {
        given.send(1);
        { const Connection dropped = std::move(given); }
        Gate::pass(at);
      },
      std::move(there), gate.path());
  process.start();
  EXPECT_EQ(here.recv<int>().value(), 1);
  EXPECT_FALSE(here.recv<int>());
  EXPECT_TRUE(process.is_alive());
  gate.open();
}

void adds(Value<int> sum, Lock lock, int count) {
  for (int i = 0; i < count; ++i) {
    const std::lock_guard guard(lock);
    sum.set(sum.get() + 1);
  }
}

TEST_P(Sharing, a_lock_and_a_value_are_the_same_in_every_process) {
  Value<int> sum(0);
  Lock lock;
  std::vector<Process> all;
  for (int i = 0; i < 4; ++i) all.push_back(started(adds, sum, lock, 500));
  for (Process& process : all) {
    process.join();
    EXPECT_EQ(process.exit_code(), 0);
  }
  EXPECT_EQ(sum.get(), 2000);
}

TEST_P(Sharing, more_handles_than_a_message_and_a_buffer_hold_arrive) {
  std::vector<Value<int>> values;
  const int count = times(300, 40);
  for (int i = 0; i < count; ++i) values.emplace_back(i);
  EXPECT_EQ(code_of(
                [](const std::vector<Value<int>>& given) {
                  int wrong = 0;
                  for (std::size_t i = 0; i < given.size(); ++i)
                    wrong += given[i].get() != static_cast<int>(i);
                  std::exit(wrong == 0 ? 5 : 6);
                },
                values),
            5);
}

}  // namespace
}  // namespace brood::testing::sharing_test

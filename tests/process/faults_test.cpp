// The Nth use of each system call fails in the owner: start() says so, and nothing is left behind.
#include <cerrno>
#include <string>
#include <tuple>

#include <brood/value.hpp>
#include "process/process_fixture.hpp"
#include "support/faults.hpp"

namespace brood::testing::faults_test {
namespace {

using faults::Failing;
using faults::FailingSpawn;
using platform::SystemCalls;

constexpr Fault all_faults[] = {
    {"pipe2", Failing<&SystemCalls::pipe2>::install, EMFILE},
    {"fcntl", Failing<&SystemCalls::fcntl_int>::install, EMFILE},
    {"poll", Failing<&SystemCalls::poll>::install, ENOMEM},
    {"socketpair", Failing<&SystemCalls::socketpair>::install, EMFILE},
    {"sendmsg", Failing<&SystemCalls::sendmsg>::install, ENOBUFS},
    {"recvmsg", Failing<&SystemCalls::recvmsg>::install, ENOMEM},
    {"write", Failing<&SystemCalls::write>::install, EIO},
    {"pidfd_open", Failing<&SystemCalls::pidfd_open>::install, EMFILE},
    {"fork", Failing<&SystemCalls::fork>::install, EAGAIN},
    {"posix_spawn", FailingSpawn::install, EAGAIN},
};

class ProcessFaults : public PoolCheck,
                      public ::testing::WithParamInterface<std::tuple<std::string, Fault>> {};
INSTANTIATE_TEST_SUITE_P(EveryMethod, ProcessFaults,
                         ::testing::Combine(::testing::ValuesIn(start_methods()),
                                            ::testing::ValuesIn(all_faults)),
                         [](const auto& parameter) {
                           return std::get<0>(parameter.param) + "_" +
                                  std::get<1>(parameter.param).name;
                         });

void takes(const Value<int>& value) { std::exit(value.get()); }

/// The text of what was thrown.
std::string use(const std::string& method, const Value<int>& value) {
  try {
    Process process({.start_method = method}, takes, value);
    process.start();
    process.join();
  } catch (const Error& error) {
    return error.what();
  }
  start::drop_forkserver();
  return {};
}

TEST_P(ProcessFaults, the_nth_use_of_a_call_fails_and_nothing_is_left_behind) {
  const auto& [method, fault] = GetParam();
  const Value<int> value(3);
  const Belongings before = Belongings::now();
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    ASSERT_LT(nth, 100);
    std::string text;
    {
      const Injection injection(fault, nth);
      text = use(method, value);
      failed = injection.happened();
    }
    start::drop_forkserver();
    ASSERT_EQ(Belongings::now().descriptors, before.descriptors) << "use " << nth << ": " << text;
    ASSERT_EQ(Belongings::now().children, before.children) << "use " << nth << ": " << text;
    ASSERT_TRUE(active_children().empty()) << "use " << nth << ": " << text;
  }
  EXPECT_EQ(use(method, value), "");
}

}  // namespace
}  // namespace brood::testing::faults_test

// The Nth use of each system call fails: what is thrown says so, and nothing is left behind.
#include <cerrno>
#include <tuple>

#include <brood/errors.hpp>
#include <brood/task.hpp>
#include "start/start_fixture.hpp"
#include "support/faults.hpp"

namespace brood::start::faults_test {
namespace {

using platform::SystemCalls;

using brood::testing::Fault;
using brood::testing::Injection;
using brood::testing::faults::Failing;
using brood::testing::faults::FailingSpawn;

constexpr Fault faults[] = {
    {"pipe2", Failing<&SystemCalls::pipe2>::install, EMFILE},
    {"fcntl", Failing<&SystemCalls::fcntl_int>::install, EMFILE},
    {"poll", Failing<&SystemCalls::poll>::install, ENOMEM},
    {"socketpair", Failing<&SystemCalls::socketpair>::install, EMFILE},
    {"sendmsg", Failing<&SystemCalls::sendmsg>::install, ENOBUFS},
    {"recvmsg", Failing<&SystemCalls::recvmsg>::install, ENOMEM},
    {"memfd_create", Failing<&SystemCalls::memfd_create>::install, EMFILE},
    {"mmap", Failing<&SystemCalls::mmap>::install, ENOMEM},
    {"pidfd_open", Failing<&SystemCalls::pidfd_open>::install, EMFILE},
    {"fork", Failing<&SystemCalls::fork>::install, EAGAIN},
    {"posix_spawn", FailingSpawn::install, EAGAIN},
};

void harmless_hook() {}

class Faults : public StartTest,
               public ::testing::WithParamInterface<std::tuple<std::string, Fault>> {
 protected:
  void SetUp() override {
    set_forkserver_preload({harmless_hook});
    StartTest::SetUp();
  }
  void TearDown() override {
    set_forkserver_preload({});
    StartTest::TearDown();
  }
};
INSTANTIATE_TEST_SUITE_P(EveryMethod, Faults,
                         ::testing::Combine(::testing::Values("fork", "forkserver", "spawn",
                                                              "plain"),
                                            ::testing::ValuesIn(faults)),
                         [](const auto& parameter) {
                           return std::get<0>(parameter.param) + "_" +
                                  std::get<1>(parameter.param).name;
                         });

/// Two workers, from the opening of the method to its end. The text of what was thrown.
std::string use(const std::string& name) {
  try {
    const auto method = open_method(method_called(name));
    TestWorker first = start_worker(*method), second = start_worker(*method);
    finish(*method, first);
    finish(*method, second);
  } catch (const Error& error) {
    return error.what();
  }
  drop_forkserver();
  return {};
}

TEST_P(Faults, the_nth_use_of_a_call_fails_and_nothing_is_left_behind) {
  const auto& [method, fault] = GetParam();
  const auto before = brood::testing::Belongings::now();
  bool failed = true;
  for (int nth = 1; failed; ++nth) {
    ASSERT_LT(nth, 100);
    std::string text;
    {
      const Injection injection(fault, nth);
      text = use(method);
      failed = injection.happened();
    }
    drop_forkserver();
    ASSERT_EQ(brood::testing::Belongings::now().descriptors, before.descriptors)
        << "use " << nth << ": " << text;
    ASSERT_EQ(brood::testing::Belongings::now().children, before.children)
        << "use " << nth << ": " << text;
  }
  EXPECT_EQ(use(method), "");
}

}  // namespace
}  // namespace brood::start::faults_test

// The Nth use of each system call fails: the manager or the call says so, and nothing is left.
#include <cerrno>
#include <string>
#include <tuple>

#include "manager/tcp_fixture.hpp"
#include "support/faults.hpp"

namespace brood::testing::faults_test {
namespace {

using faults::Failing;
using faults::FailingSpawn;
using platform::SystemCalls;

constexpr Fault local_faults[] = {
    {"pipe2", Failing<&SystemCalls::pipe2>::install, EMFILE},
    {"fcntl", Failing<&SystemCalls::fcntl_int>::install, EMFILE},
    {"socketpair", Failing<&SystemCalls::socketpair>::install, EMFILE},
    {"sendmsg", Failing<&SystemCalls::sendmsg>::install, ENOBUFS},
    {"recvmsg", Failing<&SystemCalls::recvmsg>::install, ENOMEM},
    {"memfd_create", Failing<&SystemCalls::memfd_create>::install, EMFILE},
    {"eventfd", Failing<&SystemCalls::eventfd>::install, EMFILE},
    {"epoll_create1", Failing<&SystemCalls::epoll_create1>::install, EMFILE},
    {"epoll_ctl", Failing<&SystemCalls::epoll_ctl>::install, ENOSPC},
    {"pidfd_open", Failing<&SystemCalls::pidfd_open>::install, EMFILE},
    {"fork", Failing<&SystemCalls::fork>::install, EAGAIN},
    {"posix_spawn", FailingSpawn::install, EAGAIN},
};
constexpr Fault remote_faults[] = {
    {"socket", Failing<&SystemCalls::socket>::install, EMFILE},
    {"bind", Failing<&SystemCalls::bind>::install, EADDRINUSE},
    {"listen", Failing<&SystemCalls::listen>::install, EADDRINUSE},
    {"accept4", Failing<&SystemCalls::accept4>::install, EMFILE},
    {"connect", Failing<&SystemCalls::connect>::install, ECONNREFUSED},
    {"epoll_create1", Failing<&SystemCalls::epoll_create1>::install, EMFILE},
    {"epoll_ctl", Failing<&SystemCalls::epoll_ctl>::install, ENOSPC},
};

void use(const Manager& manager) {
  auto list = manager.list<std::string>();
  list.push_back(std::string(100'000, 'x'));
  const auto lock = manager.lock();
  const std::lock_guard guard(lock);
  auto nested = manager.list<ManagedList<std::string>>();
  nested.push_back(list);
  EXPECT_EQ(nested.at(0).at(0).size(), 100'000U);
}

class ManagerFaults : public PoolCheck,
                      public ::testing::WithParamInterface<std::tuple<std::string, Fault>> {
 protected:
  const std::string& method() const { return std::get<0>(GetParam()); }

  /// Makes each use of the call fail in turn, until there are no more.
  template <class Use>
  void each_use_fails(Use body) const {
    const auto attempt = [&] {
      std::string text;
      try {
        body(method());
      } catch (const Error& error) {
        text = error.what();
      }
      start::drop_forkserver();
      return text;
    };
    ASSERT_EQ(attempt(), "");
    const Belongings before = Belongings::now();
    bool failed = true;
    for (int nth = 1; failed; ++nth) {
      ASSERT_LT(nth, 300);
      std::string text;
      {
        const Injection injection(std::get<1>(GetParam()), nth);
        text = attempt();
        failed = injection.happened();
      }
      ASSERT_EQ(Belongings::now().descriptors, before.descriptors) << "use " << nth << ": " << text;
      ASSERT_EQ(Belongings::now().children, before.children) << "use " << nth << ": " << text;
    }
    EXPECT_EQ(attempt(), "");
  }
};

std::string name_of(const ::testing::TestParamInfo<std::tuple<std::string, Fault>>& parameter) {
  return std::get<0>(parameter.param) + "_" + std::get<1>(parameter.param).name;
}

class LocalFaults : public ManagerFaults {};
INSTANTIATE_TEST_SUITE_P(EveryMethod, LocalFaults,
                         ::testing::Combine(::testing::ValuesIn(start_methods()),
                                            ::testing::ValuesIn(local_faults)),
                         name_of);
TEST_P(LocalFaults, the_nth_use_of_a_call_fails_and_nothing_is_left_behind) {
  each_use_fails([](const std::string& method) { use(Manager({.start_method = method})); });
}

// What the server inherits by fork fails there.
using WaitFaults = PoolCheck;
TEST_F(WaitFaults, a_wait_that_cannot_begin_leaves_no_trace) {
  const Fault fault{"eventfd", Failing<&SystemCalls::eventfd>::install, EMFILE};
  const auto with_fault = [&](auto body) {
    auto injection = std::make_unique<Injection>(fault, 1);
    const Manager manager({.start_method = "fork"});
    const ManagedBarrier barrier = manager.barrier(2);
    const ManagedCondition condition = manager.condition();
    injection.reset();
    body(barrier, condition);
  };
  with_fault([](const ManagedBarrier& barrier, const ManagedCondition&) {
    EXPECT_EQ(caught<SystemError>([&] { barrier.wait(); }).call(), "eventfd");
    EXPECT_EQ(barrier.n_waiting(), 0U);
  });
  with_fault([](const ManagedBarrier&, const ManagedCondition& condition) {
    condition.acquire();
    EXPECT_EQ(caught<SystemError>([&] { condition.wait(); }).call(), "eventfd");
    condition.release();
  });
}

struct ThrowingPeek {
  static ssize_t call(int socket, msghdr* message, int flags) {
    if ((flags & MSG_PEEK) != 0 && faults::is_due()) throw std::bad_alloc();
    return faults::working.recvmsg(socket, message, flags);
  }
  static void install() { platform::system_calls().recvmsg = call; }
};

using CallFaults = PoolCheck;
TEST_F(CallFaults, an_answer_that_nobody_has_fetched_answers_no_other_call) {
  const Manager manager({.start_method = "fork"});
  const auto dict = manager.dict<int, int>();
  for (int i = 0; i < 4; ++i) dict.set(i, 100 * i);
  const Fault fault{"recvmsg", ThrowingPeek::install, 0};
  bool happened = true;
  for (int nth = 1; happened; ++nth) {
    ASSERT_LT(nth, 10);
    {
      const Injection injection(fault, nth);
      try {
        EXPECT_EQ(dict.at(0), 0);
      } catch (const std::bad_alloc&) {
      }
      happened = injection.happened();
    }
    EXPECT_TRUE(happened || nth > 1) << "no answer was waited for";
    for (int i = 0; i < 4; ++i) EXPECT_EQ(dict.at(i), 100 * i) << nth;
  }
}

class RemoteFaults : public ManagerFaults {};
INSTANTIATE_TEST_SUITE_P(EveryMethod, RemoteFaults,
                         ::testing::Combine(::testing::ValuesIn(start_methods()),
                                            ::testing::ValuesIn(remote_faults)),
                         name_of);
TEST_P(RemoteFaults, the_nth_use_of_a_call_fails_and_nothing_is_left_behind) {
  each_use_fails([](const std::string& method) {
    const Manager server({.start_method = method, .address = "127.0.0.1:0", .key = right_key});
    use(Manager::connect(server.address(), right_key, method));
  });
}

}  // namespace
}  // namespace brood::testing::faults_test

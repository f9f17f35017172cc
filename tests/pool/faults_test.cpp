// The Nth use of each system call fails, in the owner and, under fork, in its workers: a result or
// an error, and never a hang, a wrong value, or anything left behind.
#include <cerrno>
#include <numeric>
#include <set>
#include <tuple>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/faults.hpp"

namespace brood::testing::faults_test {
namespace {

using faults::Failing;
using platform::SystemCalls;

constexpr Fault every_fault[] = {
    {"open_EMFILE", Failing<&SystemCalls::open>::install, EMFILE},
    {"fcntl_EMFILE", Failing<&SystemCalls::fcntl_int>::install, EMFILE},
    {"read_EINTR", Failing<&SystemCalls::read>::install, EINTR},
    {"read_short", faults::ShortRead::install, 0},
    {"write_EINTR", Failing<&SystemCalls::write>::install, EINTR},
    {"write_EPIPE", Failing<&SystemCalls::write>::install, EPIPE},
    {"write_short", faults::ShortWrite::install, 0},
    {"poll_EINTR", Failing<&SystemCalls::poll>::install, EINTR},
    {"poll_ENOMEM", Failing<&SystemCalls::poll>::install, ENOMEM},
    {"socketpair_ENFILE", Failing<&SystemCalls::socketpair>::install, ENFILE},
    {"sendmsg_EINTR", Failing<&SystemCalls::sendmsg>::install, EINTR},
    {"sendmsg_EAGAIN", Failing<&SystemCalls::sendmsg>::install, EAGAIN},
    {"sendmsg_EPIPE", Failing<&SystemCalls::sendmsg>::install, EPIPE},
    {"sendmsg_short", faults::ShortSend::install, 0},
    {"sendmsg_ENOMEM", Failing<&SystemCalls::sendmsg>::install, ENOMEM},
    {"recvmsg_EINTR", Failing<&SystemCalls::recvmsg>::install, EINTR},
    {"recvmsg_short", faults::ShortReceive::install, 0},
    {"recvmsg_ENOMEM", Failing<&SystemCalls::recvmsg>::install, ENOMEM},
    {"memfd_create_ENFILE", Failing<&SystemCalls::memfd_create>::install, ENFILE},
    {"ftruncate_ENOMEM", Failing<&SystemCalls::ftruncate>::install, ENOMEM},
    {"mmap_ENOMEM", Failing<&SystemCalls::mmap>::install, ENOMEM},
    {"membarrier_EPERM", Failing<&SystemCalls::membarrier>::install, EPERM},
    {"pidfd_open_EMFILE", Failing<&SystemCalls::pidfd_open>::install, EMFILE},
    {"pidfd_send_signal_EPERM", Failing<&SystemCalls::pidfd_send_signal>::install, EPERM},
    {"fork_EAGAIN", Failing<&SystemCalls::fork>::install, EAGAIN},
    {"posix_spawn_ENOMEM", faults::FailingSpawn::install, ENOMEM},
};

class Faults : public PoolCheck,
               public ::testing::WithParamInterface<std::tuple<std::string, Fault>> {
 protected:
  /// From a pool's first worker to its end, with arguments small and large. What was thrown.
  std::string use_a_pool() {
    try {
      Pool pool({.workers = 2, .start_method = std::get<0>(GetParam()), .start_timeout = 20s});
      auto one = pool.apply_async(square, 7);
      std::vector<int> inputs(40);
      std::iota(inputs.begin(), inputs.end(), 0);
      const std::vector<Outcome<int>> outcomes = pool.try_map(square, inputs);
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i].has_value()) {
          EXPECT_EQ(outcomes[i].value(), inputs[i] * inputs[i]);
        }
      }
      const std::string large(600'000, 'x');
      EXPECT_EQ(pool.apply([](const std::string& text) { return text; }, large), large);
      EXPECT_EQ(one.get(), 49);
      pool.close();
      EXPECT_TRUE(pool.join_for(30s));
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
};
INSTANTIATE_TEST_SUITE_P(EveryMethod, Faults,
                         ::testing::Combine(::testing::Values("fork", "forkserver", "spawn"),
                                            ::testing::ValuesIn(every_fault)),
                         [](const auto& parameter) {
                           return std::get<0>(parameter.param) + "_" +
                                  std::get<1>(parameter.param).name;
                         });

TEST_P(Faults, of_the_nth_use_give_a_result_or_an_error_and_leave_nothing) {
  const auto before = Belongings::now();
  bool failed = true;
  for (int nth = 1; failed && nth < times(400, 30); ++nth) {
    std::string text;
    {
      const Injection injection(std::get<1>(GetParam()), nth);
      text = use_a_pool();
      start::drop_forkserver();
      failed = injection.happened();
    }
    reap_orphans();  // workers whose server had to give up
    ASSERT_EQ(Belongings::now().descriptors, before.descriptors) << "use " << nth << ": " << text;
    ASSERT_EQ(Belongings::now().children, before.children) << "use " << nth << ": " << text;
  }
  EXPECT_EQ(use_a_pool(), "");
}

}  // namespace
}  // namespace brood::testing::faults_test

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "manager/manager_fixture.hpp"
#include "platform/copies.hpp"

// Methods of a managed object that fork: the copy is no second server.
namespace brood::testing::copies_test {
namespace {

class ManagedCopies : public OneManager {};
BROOD_FOR_EVERY_METHOD(ManagedCopies);

class Forking {
 public:
  /// The copy returns another number; the original how the copy has ended.
  int both_return() {
    ++calls_;
    const pid_t copy = ::fork();
    return copy == 0 ? -1 : end_of(copy);
  }
  int copy_throws() {
    ++calls_;
    const pid_t copy = ::fork();
    if (copy == 0) throw std::runtime_error("the copy's");
    return end_of(copy);
  }
  int leaves_a_copy() {
    const pid_t copy = ::fork();
    if (copy != 0) return copy;
    for (;;) ::pause();
  }
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
};

TEST_P(ManagedCopies, a_copy_that_a_method_has_forked_ends_when_it_comes_back) {
  const auto forking = manager->make<Forking>();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(forking.call<&Forking::both_return>(), platform::exit_copy);
    EXPECT_EQ(forking.call<&Forking::copy_throws>(), platform::exit_copy);
  }
  EXPECT_EQ(forking.call<&Forking::calls>(), 10);
}

/// The copy belongs to this process when the server is gone.
void end_copy(pid_t copy) {
  ::kill(copy, SIGKILL);
  ::waitpid(copy, nullptr, 0);
}

TEST_P(ManagedCopies, a_copy_that_stays_keeps_no_call_waiting_after_shutdown) {
  const auto forking = manager->make<Forking>();
  const pid_t copy = forking.call<&Forking::leaves_a_copy>();
  manager->shutdown();
  EXPECT_THROW(forking.call<&Forking::calls>(), SystemError);
  end_copy(copy);
}

TEST_P(ManagedCopies, a_copy_that_stays_keeps_no_call_waiting_when_the_server_is_killed) {
  const auto forking = manager->make<Forking>();
  const pid_t copy = forking.call<&Forking::leaves_a_copy>();
  const Watched server(manager->pid());
  server.signal(SIGKILL);
  EXPECT_THROW(for (;;) forking.call<&Forking::calls>(), SystemError);
  EXPECT_TRUE(server.ends_within(patience));  // its connections end before
  end_copy(copy);
}

}  // namespace
}  // namespace brood::testing::copies_test

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/missing_page.hpp"

// Workers that sleep in the kernel where no signal wakes them, SIGKILL neither.
namespace brood::testing::uninterruptible_test {
namespace {

/// An epoll set whose lock a thread of this process keeps. A change of the set sleeps until
/// release().
class LockedSet {
 public:
  LockedSet() : set_(::epoll_create1(EPOLL_CLOEXEC)), ready_(::eventfd(1, EFD_CLOEXEC)) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, ready_.get(), &wanted);
    std::atomic<pid_t> thread{0};
    holder_ = std::thread([this, &thread] {
      thread = ::gettid();
      ::epoll_wait(set_.get(), static_cast<epoll_event*>(page_.data()), 1, -1);
    });
    while (thread == 0 || status_field(thread, "State").substr(0, 1) == "R") ::sched_yield();
  }
  ~LockedSet() { release(); }
  LockedSet(const LockedSet&) = delete;
  LockedSet& operator=(const LockedSet&) = delete;

  FileDescriptor handle() const { return FileDescriptor(set_.get()); }
  void release() {
    if (!holder_.joinable()) return;
    page_.supply();
    holder_.join();
  }

 private:
  MissingPage page_;
  platform::Descriptor set_, ready_;
  std::thread holder_;
};

int answer() { return 42; }

int changes(const FileDescriptor& set) {
  epoll_event wanted{};
  return ::epoll_ctl(set.get(), EPOLL_CTL_ADD, ::eventfd(0, EFD_CLOEXEC), &wanted);
}

int tells_and_changes(const std::string& mailbox, const FileDescriptor& set) {
  Mailbox::send(mailbox, std::to_string(::getpid()));
  return changes(set);
}

/// Until the worker that has told its pid sleeps so.
void wait_for_sleep(Mailbox& mailbox) {
  const int pid = std::stoi(mailbox.receive());
  while (status_field(pid, "State").substr(0, 1) != "D") ::sched_yield();
}

class UninterruptibleSleep : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();  // the worker outlives its pool
    try {
      locked_.emplace();
    } catch (const std::runtime_error& refused) {
      GTEST_SKIP() << refused.what();
    }
  }
  void TearDown() override {
    locked_.reset();
    PoolTest::TearDown();
  }
  std::optional<LockedSet> locked_;
};
BROOD_FOR_EVERY_METHOD(UninterruptibleSleep);

TEST_P(UninterruptibleSleep, of_a_worker_does_not_hold_up_the_end_of_its_call) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.with({.timeout = 200ms}).apply(changes, locked_->handle()), TaskTimeout);
  EXPECT_EQ(pool.apply(answer), 42);
}

TEST_P(UninterruptibleSleep, of_a_worker_does_not_hold_up_the_end_of_its_pool) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  std::optional<AsyncResult<int>> call;
  {
    Pool pool = make_pool(2);
    call = pool.apply_async(tells_and_changes, mailbox.path(), locked_->handle());
    wait_for_sleep(mailbox);
  }
  EXPECT_THROW(call->get(), Cancelled);
}

TEST_P(UninterruptibleSleep, of_a_worker_does_not_hold_up_a_caller_that_drives_it) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  Pool pool = make_pool(1);
  std::thread terminator([&] {
    wait_for_sleep(mailbox);
    pool.terminate();
  });
  EXPECT_THROW(pool.apply(tells_and_changes, mailbox.path(), locked_->handle()), Cancelled);
  terminator.join();
  pool.join();
}

}  // namespace
}  // namespace brood::testing::uninterruptible_test

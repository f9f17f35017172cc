#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

// An owner that has dropped its privileges: its workers and processes stay root's. Those of a
// server are ended by it, those of this process cannot be. Every wait still ends.
namespace brood::testing::privileges_test {
namespace {

class Dropped : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "a forked copy of a sanitized program makes pools";
    if (::geteuid() != 0) GTEST_SKIP() << "not root";
    expect_orphans();
  }
};
BROOD_FOR_EVERY_METHOD(Dropped);

void become_nobody() {
  constexpr uid_t nobody = 65534;
  if (::setuid(nobody) != 0) throw std::runtime_error("setuid failed");
}

// They say when they have begun.
int waits(const std::string& mailbox) {
  Mailbox::send(mailbox, "waits");
  for (;;) ::pause();
}
int waits_deaf(const std::string& mailbox) {
  std::signal(SIGTERM, SIG_IGN);
  return waits(mailbox);
}
constexpr auto both = {waits, waits_deaf};

/// Runs `use(task, mailbox)` in a child of its own for each of them, and expects 0. Its alarm ends
/// one that hangs.
template <class Use>
void expect_an_end_with_both(Use use) {
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  for (const auto task : both) {
    ASSERT_EQ(in_child([&] { return use(task, mailbox); }), 0)
        << (task == waits_deaf ? "deaf" : "");
  }
}

TEST_P(Dropped, privileges_leave_a_timeout_and_a_termination_an_end) {
  expect_an_end_with_both([&](auto task, Mailbox& mailbox) {
    Pool pool = make_pool(2);
    AsyncResult<int> busy = pool.apply_async(task, mailbox.path());
    mailbox.receive();
    AsyncResult<int> late = pool.with({.timeout = 100ms}).apply_async(task, mailbox.path());
    mailbox.receive();
    become_nobody();
    caught<TaskTimeout>([&] { late.get(); });
    pool.terminate();
    if (!pool.join_for(20s)) return 1;
    caught<Cancelled>([&] { busy.get(); });
    return 0;
  });
}

TEST_P(Dropped, privileges_leave_the_destructor_of_a_pool_an_end) {
  expect_an_end_with_both([&](auto task, Mailbox& mailbox) {
    std::vector<AsyncResult<int>> results;
    {
      Pool pool = make_pool(2);
      for (int i = 0; i < 2; ++i) {
        results.push_back(pool.apply_async(task, mailbox.path()));
        mailbox.receive();
      }
      become_nobody();
    }
    for (const auto& result : results) caught<Cancelled>([&] { result.get(); });
    return 0;
  });
}

// The worker that is not reached is left to itself, and another one takes its place.
TEST_P(Dropped, privileges_leave_what_is_cancelled_an_end_and_the_pool_goes_on) {
  expect_an_end_with_both([&](auto task, Mailbox& mailbox) {
    Pool pool = make_pool(1);
    AsyncResult<int> busy = pool.apply_async(task, mailbox.path());
    mailbox.receive();
    become_nobody();
    busy.cancel(Kill::yes);
    if (!busy.wait_for(20s)) return 1;
    caught<Cancelled>([&] { busy.get(); });
    if (pool.apply_async(square, 4).get_for(20s) != 16) return 2;
    pool.close();
    return pool.join_for(20s) ? 0 : 3;
  });
}

/// Whether it was sent; a refusal is an error.
bool sends(Process& process, void (Process::*signal)()) {
  try {
    (process.*signal)();
    return true;
  } catch (const SystemError& error) {
    if (error.code().value() != EPERM) throw;
    return false;
  }
}

// The fork server stays root's and sends what its owner may not.
int end_by_its_server(Process& process, bool is_deaf) {
  if (!sends(process, &Process::terminate)) return 1;
  if (is_deaf && !sends(process, &Process::kill)) return 2;
  if (!process.join_for(20s)) return 3;
  return process.exit_code() == (is_deaf ? -SIGKILL : -SIGTERM) ? 0 : 4;
}

int is_refused(Process& process) {
  for (const auto signal : {&Process::terminate, &Process::interrupt, &Process::kill}) {
    if (sends(process, signal)) return 1;
  }
  if (process.join_for(10ms) || !process.is_alive()) return 2;
  return 0;
}

TEST_P(Dropped, privileges_make_the_signals_to_a_process_its_servers_or_an_error) {
  expect_an_end_with_both([&](auto task, Mailbox& mailbox) {
    Process process({.start_method = method()}, task, mailbox.path());
    process.start();
    mailbox.receive();
    become_nobody();
    if (method() == "forkserver") return end_by_its_server(process, task == waits_deaf);
    ::_exit(is_refused(process));  // a destructor would join it; it ends with this process
  });
}

TEST_P(Dropped, privileges_leave_a_process_that_returns_to_be_joined) {
  EXPECT_EQ(in_child([&] {
              const Event go;
              Process process(
                  {.start_method = method()}, [](const Event& it) { it.wait(); }, go);
              Process other(
                  {.start_method = method()}, [](const Event& it) { it.wait(); }, go);
              process.start();
              other.start();
              become_nobody();
              go.set();
              if (!process.join_for(20s)) return 1;
              return process.exit_code() == 0 ? 0 : 2;  // the other one's destructor joins it
            }),
            0);
}

TEST_P(Dropped, privileges_leave_the_destructor_of_a_daemon_an_end) {
  expect_an_end_with_both([&](auto task, Mailbox& mailbox) {
    Process process({.start_method = method(), .daemon = true}, task, mailbox.path());
    process.start();
    mailbox.receive();
    become_nobody();
    return 0;
  });
}

TEST_P(Dropped, privileges_leave_the_exit_of_a_program_with_a_daemon_an_end) {
  expect_an_end_with_both([&](auto task, Mailbox& mailbox) -> int {
    auto* const kept =
        new Process({.start_method = method(), .daemon = true}, task, mailbox.path());
    kept->start();
    mailbox.receive();
    become_nobody();
    std::exit(0);
  });
}

}  // namespace
}  // namespace brood::testing::privileges_test

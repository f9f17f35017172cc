#include <csignal>

#include "process/process_fixture.hpp"

// nohup(1) is meant for all of a program: what a hangup does to its processes.
namespace brood::testing::hangup_test {
namespace {

/// While it lives this process does that at a hangup. What the fork server does is decided when it
/// starts, so it starts anew.
class AtHangup {
 public:
  explicit AtHangup(void (*action)(int)) : before_(std::signal(SIGHUP, action)) {
    start::drop_forkserver();
  }
  AtHangup(const AtHangup&) = delete;
  AtHangup& operator=(const AtHangup&) = delete;
  ~AtHangup() {
    std::signal(SIGHUP, before_);
    start::drop_forkserver();
  }

 private:
  void (*before_)(int);
};

class Hangup : public ProcessTest {
 protected:
  /// Of a process that gets one while it waits, and would return otherwise.
  std::optional<int> code_after_one() const {
    const Scratch scratch;
    Mailbox mailbox(scratch.path("mail"));
    Gate gate(scratch.path("gate"));
    Process process = started(waits_at, mailbox.path(), gate.path());
    mailbox.receive();
    ::kill(process.pid(), SIGHUP);
    gate.open();
    EXPECT_TRUE(process.join_for(patience));
    return process.exit_code();
  }
};
BROOD_FOR_EVERY_METHOD(Hangup);

TEST_P(Hangup, does_nothing_to_a_process_of_a_program_that_ignores_it) {
  const AtHangup ignored(SIG_IGN);
  EXPECT_EQ(code_after_one(), 0);
  EXPECT_EQ(code_after_one(), 0);
}

TEST_P(Hangup, ends_a_process_of_a_program_that_does_not) {
  for (const auto action : {+[](int) {}, static_cast<void (*)(int)>(SIG_DFL)}) {
    const AtHangup not_ignored(action);
    EXPECT_EQ(code_after_one(), -SIGHUP);
  }
}

TEST_P(Hangup, ends_a_process_that_wants_it_in_spite_of_its_program) {
  const AtHangup ignored(SIG_IGN);
  EXPECT_EQ(code_of([] {
              std::signal(SIGHUP, SIG_DFL);
              ::raise(SIGHUP);
            }),
            -SIGHUP);
}

void hangs_up_a_child(const std::string& method) {
  int code = 0;
  {
    Process child({.start_method = method}, [] { ::raise(SIGHUP); });
    child.start();
    child.join();
    code = child.exit_code();
  }
  std::exit(code);
}
void hangs_up_a_worker(const std::string& method) {
  int result = 0;
  {
    Pool pool({.workers = 1, .start_method = method});
    result = pool.apply([] { return ::raise(SIGHUP); });
  }
  std::exit(result);
}

TEST_P(Hangup, does_nothing_to_what_such_a_process_starts) {
  const AtHangup ignored(SIG_IGN);
  EXPECT_EQ(code_of(hangs_up_a_child, method()), 0);
  EXPECT_EQ(code_of(hangs_up_a_worker, method()), 0);
}

}  // namespace
}  // namespace brood::testing::hangup_test

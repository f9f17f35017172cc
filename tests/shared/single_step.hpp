#pragma once

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "support/leak_check.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing {

/// A forked child that does one instruction after the other, as it is told.
class Stepped {
 public:
  /// Runs `warm_up` at once, so that what is bound and made lazily is there, and is stopped before
  /// `body`; behind that it exits.
  template <class WarmUp, class Body>
  Stepped(WarmUp warm_up, Body body) : pid_(::fork()) {
    if (pid_ != 0) {
      traced_ = stopped();
      return;
    }
    ::alarm(60);
    warm_up();
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    body();
    ::_exit(0);
  }
  Stepped(const Stepped&) = delete;
  Stepped& operator=(const Stepped&) = delete;
  ~Stepped() {
    if (!ended_) kill();
  }
  /// False where this process may not trace.
  bool traced() const { return traced_; }
  /// Does `count` instructions, or all that are left; how many it has done.
  long step(long count) {
    for (long done = 0; done < count; ++done) {
      if (::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, signal_) != 0 || !stopped()) return done;
    }
    return count;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    while (!ended_) stopped();
  }

 private:
  bool stopped() {
    int status = 0;
    if (::waitpid(pid_, &status, 0) == pid_ && WIFSTOPPED(status)) {
      const int signal = WSTOPSIG(status);
      signal_ = signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
      return true;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) ADD_FAILURE() << "it hangs";
    ended_ = true;
    return false;
  }

  pid_t pid_;
  long signal_ = 0;  // that it is stopped by, and gets when it goes on
  bool traced_ = false, ended_ = false;
};

/// Kills a process between instructions of `body`, at `kills` places that are spread over all of
/// them, or over those up to a little after `over()`, and calls `check` after each. False where
/// this process may not trace.
template <class WarmUp, class Body, class Check, class Over>
bool kill_between_instructions(WarmUp warm_up, Body body, Check check, long kills, Over over) {
  long all = 0;
  {
    Stepped whole(warm_up, body);
    if (!whole.traced()) return false;
    constexpr long most = 1'000'000, a_little = 500;
    while (all < most && !over() && whole.step(1) == 1) ++all;
    all += whole.step(std::min(a_little, most - all));
    whole.step(most - all);
  }
  check();
  const double stride = static_cast<double>(all) / static_cast<double>(kills);
  for (long i = 0; i < kills; ++i) {
    Stepped one(warm_up, body);
    one.step(static_cast<long>(static_cast<double>(i) * stride));
    one.kill();
    check();
  }
  return true;
}

inline bool never() { return false; }

/// Fixture: `check` holds wherever a process is killed in `body`.
class KilledBetweenInstructions : public LeakCheck {
 protected:
  void SetUp() override {
    LeakCheck::SetUp();
    if (under_sanitizer) GTEST_SKIP() << "there are too many instructions";
  }
  template <class WarmUp, class Body, class Check, class Over = bool (*)()>
  static void of(WarmUp warm_up, Body body, Check check, long kills = 100, Over over = never) {
    if (!kill_between_instructions(warm_up, body, check, kills, over))
      GTEST_SKIP() << "this process may not trace";
  }
};

}  // namespace brood::testing

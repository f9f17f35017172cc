#pragma once

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <brood/brood.hpp>
#include "start/method.hpp"
#include "support/events.hpp"
#include "support/leak_check.hpp"
#include "support/processes.hpp"
#include "support/sanitizers.hpp"

namespace brood::testing {

using namespace std::chrono_literals;

/// Fixture: nothing is left behind once the pools and the fork server are gone.
class PoolCheck : public LeakCheck {
 protected:
  void SetUp() override {
    // A process of ours that loses its parent becomes our child, and so is seen by the check.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::alarm(100);  // a hang is a failure, not a wait
    LeakCheck::SetUp();
  }
  void TearDown() override {
    start::drop_forkserver();
    if (orphans_) reap_orphans();
    LeakCheck::TearDown();
    ::alarm(0);
  }
  /// For tests that kill a parent of workers: init would reap what it leaves.
  void expect_orphans() { orphans_ = true; }
  /// Waits for them.
  static void reap_orphans() {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!descendants_of(::getpid()).empty() && std::chrono::steady_clock::now() < end) {
      if (::waitpid(-1, nullptr, WNOHANG) <= 0) ::poll(nullptr, 0, 1);
    }
  }

 private:
  bool orphans_ = false;
};

/// One behaviour, every start method.
class PoolTest : public PoolCheck, public ::testing::WithParamInterface<std::string> {
 protected:
  const std::string& method() const { return GetParam(); }
  brood::PoolOptions options(int workers) const {
    return {.workers = workers, .start_method = GetParam()};
  }
  brood::Pool make_pool(int workers) const { return brood::Pool(options(workers)); }
  /// A sanitizer handles SIGSEGV and the like in every program that starts; a forked worker has
  /// taken that back, as it does with all handlers.
  bool sanitizer_handles_faults() const { return under_sanitizer && method() == "spawn"; }
};

inline std::string method_name(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

#define BROOD_FOR_EVERY_METHOD(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Method, suite, ::testing::ValuesIn(::brood::start_methods()), \
                           ::brood::testing::method_name)

/// The E that `f` throws. Lets another exception pass, and throws when there is none.
template <class E, class F>
E caught(F f) {
  try {
    f();
  } catch (const E& error) {
    return error;
  }
  throw std::logic_error("nothing was thrown");
}

/// The E that an outcome or result holds.
template <class E>
E caught_in(const std::exception_ptr& error) {
  return caught<E>([&] {
    if (error) std::rethrow_exception(error);
  });
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline int square(int x) { return x * x; }
inline int pid_here() { return ::getpid(); }

}  // namespace brood::testing

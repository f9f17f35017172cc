#pragma once

#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <brood/brood.hpp>
#include "pool/pool_fixture.hpp"

namespace brood::testing {

/// One behaviour of Process, every start method.
class ProcessTest : public PoolTest {
 protected:
  ProcessOptions by_method() const { return {.start_method = GetParam()}; }
  ProcessOptions daemon() const { return {.start_method = GetParam(), .daemon = true}; }

  template <class F, class... Args>
  Process started(F function, Args&&... args) const {
    Process process(by_method(), std::move(function), std::forward<Args>(args)...);
    process.start();
    return process;
  }
  /// Exit code of a process that ends by itself.
  template <class F, class... Args>
  std::optional<int> code_of(F function, Args&&... args) const {
    Process process = started(std::move(function), std::forward<Args>(args)...);
    EXPECT_TRUE(process.join_for(patience));
    return process.exit_code();
  }
  /// What a process tells with say().
  template <class F, class... Args>
  std::vector<std::string> words_of(F function, Args&&... args) const {
    const Scratch scratch;
    EXPECT_EQ(code_of(std::move(function), scratch.path("words"), std::forward<Args>(args)...), 0);
    return lines_of(scratch.path("words"));
  }
};

inline void waits_at(const std::string& mailbox, const std::string& gate) {
  Mailbox::send(mailbox, std::to_string(::getpid()));
  Gate::pass(gate);
}
inline void waits_for_ever(const std::string& mailbox) {
  Mailbox::send(mailbox, std::to_string(::getpid()));
  for (;;) ::pause();
}
inline void waits_deaf(const std::string& mailbox) {
  std::signal(SIGTERM, SIG_IGN);
  waits_for_ever(mailbox);
}

}  // namespace brood::testing

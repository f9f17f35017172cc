#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/codec/encode.hpp>
#include "support/events.hpp"
#include "support/leak_check.hpp"

namespace brood::testing {

/// A forked process that runs `body`, killed and reaped at the end.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::alarm(60);  // never left behind, whatever it waits for
    int result = 101;
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        result = 0;
      } else {
        result = body();
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child: %s\n", error.what());
    }
    ::_exit(result);
  }
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~Child() {
    if (pid_ > 0) kill();
  }
  int pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  void kill() {
    signal(SIGKILL);
    wait();
  }
  /// Its exit code, 101 when it threw, negative for a signal.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
};

template <class Body>
std::vector<Child> children(int count, Body body) {
  std::vector<Child> made;
  for (int i = 0; i < count; ++i) made.emplace_back([&body, i] { return body(i); });
  return made;
}
inline void expect_success(std::vector<Child>& all) {
  for (Child& child : all) EXPECT_EQ(child.wait(), 0);
}

/// What a receiver of the handle has, in a process where the object is known.
template <class T>
T received(const T& handle) {
  detail::Bytes bytes;
  detail::encode_value(bytes, handle);
  Reader reader(bytes.view());
  T decoded = detail::decode_value<T>(reader);
  EXPECT_EQ(reader.left(), 0U);
  return decoded;
}

/// For ever, in a child that is going to be killed.
inline void stay() {
  for (;;) ::pause();
}

}  // namespace brood::testing

#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace brood::testing {

/// Runs `body` in a forked child and returns its result (0 to 100) as the child's exit code; 101
/// when it threw, negative for a signal. For what would spoil the test's own process: closed
/// standard streams, limits, a deleted directory.
template <class Body>
int in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(60);  // never left behind, whatever it waits for
    try {
      ::_exit(body());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in the child: %s\n", error.what());
      ::_exit(101);
    } catch (...) {
      ::_exit(101);
    }
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace brood::testing

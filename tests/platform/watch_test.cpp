#include "platform/watch.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <span>

#include "platform/pipe.hpp"
#include "platform/process.hpp"
#include "support/in_child.hpp"
#include "support/read_all.hpp"

namespace brood::platform::watch_test {
namespace {

thread_local std::array<char, 256 * 1024> much{};

TEST(WatchTest, a_program_may_have_more_thread_local_data_than_a_small_stack) {
  EXPECT_EQ(testing::in_child([owner = ::getpid()] {
              much[0] = 7;
              watch_owner(open_pidfd(owner).release());
              return int{much[0]};
            }),
            7);
}

// exit() destroys static objects while the watch's thread may be about to use its own.
TEST(WatchTest, a_process_may_exit_while_its_watch_is_starting) {
  for (int i = 0; i < 200; ++i) {
    const int code = testing::in_child([owner = ::getpid()]() -> int {
      watch_owner(open_pidfd(owner).release());
      std::exit(7);
    });
    ASSERT_EQ(code, 7) << "in process " << i;
  }
}

enum class In { watching, owner };

/// The exit code of a process that watches its owner by a pipe of sockets while both do `act`: 7
/// where nothing has ended it a moment later.
template <class Act>
int ended_by(Act act) {
  Pipe pipe = make_socket_pipe(), ready = make_pipe();
  const pid_t watching = ::fork();
  if (watching == 0) {
    ::alarm(60);
    pipe.read.reset();
    watch_owner(-1, pipe.write.get());
    write_all(ready.write.get(), std::as_bytes(std::span("x", 1)));
    act(In::watching, pipe);
    ::poll(nullptr, 0, 50);
    ::_exit(7);
  }
  pipe.write.reset();
  char byte = 0;
  EXPECT_TRUE(testing::read_all(ready.read.get(), &byte, 1));
  act(In::owner, pipe);
  int status = 0;
  ::waitpid(watching, &status, 0);
  return WEXITSTATUS(status);
}

TEST(WatchTest, ends_a_process_whose_channel_is_closed_at_the_other_end) {
  EXPECT_EQ(ended_by([](In where, Pipe& pipe) {
              if (where == In::owner) return pipe.read.reset();
              for (;;) ::pause();
            }),
            exit_orphaned);
}

// Its peer may have had it full of bytes.
TEST(WatchTest, ends_it_also_where_bytes_were_unread) {
  EXPECT_EQ(ended_by([](In where, Pipe& pipe) {
              if (where == In::owner) {
                pollfd readable{pipe.read.get(), POLLIN, 0};
                ::poll(&readable, 1, -1);
                return pipe.read.reset();
              }
              write_all(pipe.write.get(), std::as_bytes(std::span("text")));
              for (;;) ::pause();
            }),
            exit_orphaned);
}

TEST(WatchTest, leaves_a_process_alone_that_closes_its_end_itself) {
  EXPECT_EQ(ended_by([](In where, Pipe& pipe) {
              if (where == In::watching) pipe.write.reset();
            }),
            7);
}

TEST(WatchTest, does_not_keep_open_what_the_process_closes) {
  Pipe pipe = make_socket_pipe();
  const pid_t watching = ::fork();
  if (watching == 0) {
    ::alarm(60);
    pipe.read.reset();
    watch_owner(-1, pipe.write.get());
    pipe.write.reset();
    for (;;) ::pause();
  }
  pipe.write.reset();
  pollfd end{pipe.read.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&end, 1, 30'000), 1);
  ::kill(watching, SIGKILL);
  ::waitpid(watching, nullptr, 0);
}

TEST(WatchTest, leaves_a_process_alone_whose_peer_says_nothing) {
  EXPECT_EQ(ended_by([](In, Pipe&) {}), 7);
}

}  // namespace
}  // namespace brood::platform::watch_test

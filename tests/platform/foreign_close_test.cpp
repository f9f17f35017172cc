#include "platform/foreign_close.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "platform/own_table.hpp"
#include "platform/pipe.hpp"
#include "support/held_pipe.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"
#include "support/processes.hpp"
#include "support/read_all.hpp"

// Closes that wait for what another process keeps.
namespace brood::testing::foreign_close_test {
namespace {

using ForeignCloses = LeakCheck;

/// A process that keeps the lock of a pipe until it is killed, and has none of these files.
class Keeper {
 public:
  Keeper(int write_end, const std::vector<int>& files) {
    platform::Pipe told = platform::make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      for (const int file : files) ::close(file);
      const LockKeepers keepers(write_end);
      static_cast<void>(::write(told.write.get(), "x", 1));
      for (;;) ::pause();
    }
    char byte = 0;
    testing::read_all(told.read.get(), &byte, 1);
  }
  void end() const {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

std::size_t threads() { return names_in("/proc/self/task").size(); }

TEST_F(ForeignCloses, that_all_wait_take_a_bounded_number_of_threads_and_are_done_later) {
  EXPECT_EQ(in_child([] {
              platform::Pipe pipe = platform::make_pipe();
              const std::string reader = "/proc/self/fd/" + std::to_string(pipe.read.get());
              constexpr std::size_t count = 60;
              std::vector<int> files;
              for (std::size_t i = 0; i < count; ++i)
                files.push_back(::open(reader.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
              const std::size_t threads_before = threads();
              const Keeper keeper(pipe.write.get(), files);
              for (const int file : files) platform::close_foreign(file);
              const std::size_t kept = platform::kept_open();
              const std::size_t waiting = threads() - threads_before;
              keeper.end();
              if (kept < count - platform::most_lingering - 1) return 1;
              if (waiting > platform::most_lingering + 1) return 2;
              // The next close finds what could not be closed before.
              while (platform::kept_open() != 0) platform::close_foreign(::eventfd(0, EFD_CLOEXEC));
              for (const int file : files) {
                if (::fcntl(file, F_GETFD) >= 0) return 3;
              }
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace brood::testing::foreign_close_test

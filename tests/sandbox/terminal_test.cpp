#include <pty.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sandbox/sandbox_fixture.hpp"

// A terminal as the stdout of a sandboxed worker.
namespace brood::testing::terminal_test {
namespace {

class Terminal : public SandboxTest {};
BROOD_FOR_EVERY_METHOD(Terminal);

/// stdout is that descriptor meanwhile.
class StdoutIs {
 public:
  explicit StdoutIs(int other) : before_(::dup(STDOUT_FILENO)) { ::dup2(other, STDOUT_FILENO); }
  ~StdoutIs() {
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
  }

 private:
  const int before_;
};

int error_of_reading(int number) {
  char one = 0;
  return ::read(number, &one, 1) < 0 ? errno : 0;
}
bool is_written(int number) { return ::write(number, "out", 3) == 3; }

TEST_P(Terminal, that_is_stdout_can_be_written_by_a_sandboxed_task_and_not_read) {
  int ours = -1, theirs = -1;
  ASSERT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, nullptr), 0);
  ASSERT_EQ(::write(ours, "typed\n", 6), 6);
  int error = 0;
  bool written = false;
  {
    const StdoutIs terminal(theirs);
    Pool pool = make_pool();
    error = pool.apply(error_of_reading, STDOUT_FILENO);
    written = pool.apply(is_written, STDOUT_FILENO);
  }
  EXPECT_EQ(error, EBADF);
  EXPECT_TRUE(written);
  ::close(ours);
  ::close(theirs);
}

}  // namespace
}  // namespace brood::testing::terminal_test

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/dispatcher.hpp"
#include "support/in_child.hpp"
#include "support/log_catcher.hpp"

// A program that closes all descriptors but its own three, as daemons do, and with them those of a
// pool that it has.
namespace brood::testing::closed_descriptors_test {
namespace {

constexpr int first = 3, last = 700;

/// What has the numbers that were closed: one file, which the library must not read, write
/// or close.
class OthersFile {
 public:
  explicit OthersFile(std::string path) : path_(std::move(path)) {}
  void take_all_numbers() const {
    const int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int number = first; number < last; ++number) {
      if (number != file) ::dup3(file, number, O_CLOEXEC);
    }
  }
  bool is_untouched() const {
    if (under_sanitizer) return true;  // a thread that starts opens and closes a file there
    struct stat status {};
    for (int number = first; number < last; ++number) {
      if (::fstat(number, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != 0 ||
          ::lseek(number, 0, SEEK_CUR) != 0)
        return false;
    }
    return true;
  }
  static void give_back() { ::close_range(first, ~0U, 0); }

 private:
  std::string path_;
};

class ClosedDescriptors : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();  // the child leaves without its helpers
  }
  const Scratch scratch_;
  const LogCatcher log_;  // spdlog's own sink opens a file: the time zone's
};
BROOD_FOR_EVERY_METHOD(ClosedDescriptors);

template <class Body>
bool throws_system_error(Body body) {
  try {
    body();
  } catch (const SystemError& error) {
    return contains(error.what(), "closed descriptors of a brood::Pool");
  }
  return false;
}

TEST_P(ClosedDescriptors, of_an_idle_pool_end_its_calls_and_touch_no_file) {
  EXPECT_EQ(in_child([&] {
              const OthersFile others(scratch_.path("file"));
              {
                Pool pool = make_pool(2);
                pool.map(square, std::vector{1, 2, 3});
                wait_for_dispatcher();
                others.give_back();
                others.take_all_numbers();
                if (!throws_system_error([&] { pool.apply(square, 3); })) return 1;
                if (!throws_system_error([&] { pool.apply_async(square, 3).get(); })) return 2;
                if (!throws_system_error([&] { pool.map(square, std::vector{1, 2}); })) return 3;
                if (!pool.workers().empty()) return 4;
              }
              if (!others.is_untouched()) return 5;
              others.give_back();
              Pool next = make_pool(2);
              return next.apply(square, 3) == 9 ? 0 : 6;
            }),
            0);
}

TEST_P(ClosedDescriptors, of_a_pool_that_is_closed_next_touch_no_file) {
  EXPECT_EQ(in_child([&] {
              const OthersFile others(scratch_.path("file"));
              {
                Pool pool = make_pool(2);
                wait_for_dispatcher();
                others.give_back();
                others.take_all_numbers();
                pool.close();
                pool.join();
              }
              return others.is_untouched() ? 0 : 1;
            }),
            0);
}

int hangs(const std::string& mailbox) {
  Mailbox::send(mailbox, "here");
  for (;;) ::pause();
}

TEST_P(ClosedDescriptors, of_a_busy_pool_end_what_runs) {
  EXPECT_EQ(in_child([&] {
              const OthersFile others(scratch_.path("file"));
              Mailbox mailbox(scratch_.path("mail"));
              std::promise<bool> told;
              {
                Pool pool = make_pool(2);
                auto running = pool.apply_async(hangs, mailbox.path());
                running.on_error([&](const std::exception_ptr&) { told.set_value(true); });
                mailbox.receive();
                wait_for_dispatcher();
                others.give_back();
                others.take_all_numbers();
                if (!throws_system_error([&] { running.get(); })) return 1;
                if (!told.get_future().get()) return 2;
              }
              return others.is_untouched() ? 0 : 3;
            }),
            0);
}

TEST_P(ClosedDescriptors, of_a_pool_whose_worker_a_caller_drives_end_its_call) {
  EXPECT_EQ(in_child([&] {
              const OthersFile others(scratch_.path("file"));
              Mailbox mailbox(scratch_.path("mail"));
              {
                Pool pool = make_pool(1);
                std::thread closer([&] {
                  mailbox.receive();
                  wait_for_dispatcher();
                  others.give_back();
                  others.take_all_numbers();
                });
                const bool ended = throws_system_error([&] { pool.apply(hangs, mailbox.path()); });
                closer.join();
                if (!ended) return 1;
              }
              return others.is_untouched() ? 0 : 2;
            }),
            0);
}

TEST_P(ClosedDescriptors, end_a_call_that_came_just_before) {
  EXPECT_EQ(in_child([&] {
              Pool pool = make_pool(1);
              pool.apply(square, 3);
              wait_for_dispatcher();
              const auto call = pool.apply_async(square, 3);
              OthersFile::give_back();
              call.wait();
              return 0;
            }),
            0);
}

TEST_P(ClosedDescriptors, of_a_pool_end_its_join) {
  EXPECT_EQ(in_child([&] {
              PoolOptions made = options(1);
              made.initializer = [] {
                at_worker_exit([] {
                  for (;;) ::pause();
                });
              };
              Pool pool(std::move(made));
              pool.apply(square, 3);
              pool.close();
              std::thread joiner([&] { pool.join(); });
              wait_for_dispatcher();
              OthersFile::give_back();
              joiner.join();
              return 0;
            }),
            0);
}

void has_regular_files() {
  struct stat status {};
  for (int number = first; number < last; ++number) {
    if (::fstat(number, &status) == 0 && !S_ISREG(status.st_mode)) ::_exit(number % 200 + 1);
  }
}

TEST_P(ClosedDescriptors, of_a_pool_are_not_taken_from_processes_that_are_forked_later) {
  EXPECT_EQ(in_child([&] {
              const OthersFile others(scratch_.path("file"));
              Pool pool = make_pool(1);
              wait_for_dispatcher();
              others.give_back();
              others.take_all_numbers();
              pool.terminate();
              Process forked({.start_method = "fork"}, has_regular_files);
              forked.start();
              forked.join();
              return forked.exit_code().value_or(-1);
            }),
            0);
}

int returns_when_told(const std::string& mailbox, const std::string& go) {
  const int file = ::open(go.c_str(), O_RDONLY | O_CLOEXEC);
  Mailbox::send(mailbox, "here");
  char byte = 0;
  return ::read(file, &byte, 1) == 1 ? 3 : 4;
}

/// A socket of the program's at all numbers but one; ten bytes wait in it.
struct OthersSocket {
  int ends[2] = {-1, -1};
  void take_all_numbers_but(int kept) {
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    static_cast<void>(::write(ends[1], "0123456789", 10));
    for (int number = first; number < last; ++number) {
      if (number != kept && number != ends[0] && number != ends[1])
        ::dup3(ends[0], number, O_CLOEXEC);
    }
  }
  bool is_untouched() const {
    int unread = 0;
    return ::ioctl(ends[0], FIONREAD, &unread) == 0 && unread == 10;
  }
};

/// The result comes when the number of its socket is another's.
TEST_P(ClosedDescriptors, of_a_worker_that_a_caller_drives_are_not_read) {
  EXPECT_EQ(in_child([&] {
              ::signal(SIGPIPE, SIG_IGN);  // the worker may end before it is told
              Mailbox mailbox(scratch_.path("mail")), go(scratch_.path("go"));
              OthersSocket others;
              Pool pool = make_pool(1);
              std::thread closer([&] {
                mailbox.receive();
                wait_for_dispatcher();
                OthersFile::give_back();
                const int told = ::open(go.path().c_str(), O_RDWR | O_CLOEXEC);
                others.take_all_numbers_but(told);
                static_cast<void>(::write(told, "x", 1));
              });
              const bool ended = throws_system_error(
                  [&] { pool.apply(returns_when_told, mailbox.path(), go.path()); });
              closer.join();
              return ended && others.is_untouched() ? 0 : 1;
            }),
            0);
}

/// A copy of this process has the sockets still: what comes there is told to what watched them.
TEST_P(ClosedDescriptors, of_a_pool_that_a_copy_keeps_open_are_not_read) {
  EXPECT_EQ(in_child([&] {
              Mailbox mailbox(scratch_.path("mail")), go(scratch_.path("go"));
              OthersSocket others;
              Pool pool = make_pool(1);
              auto call = pool.apply_async(returns_when_told, mailbox.path(), go.path());
              mailbox.receive();
              wait_for_dispatcher();
              const pid_t copy = ::fork();
              if (copy == 0) {
                for (;;) ::pause();
              }
              OthersFile::give_back();
              const int told = ::open(go.path().c_str(), O_RDWR | O_CLOEXEC);
              others.take_all_numbers_but(told);
              static_cast<void>(::write(told, "x", 1));
              const bool ended = throws_system_error([&] { call.get(); });
              ::kill(copy, SIGKILL);
              ::waitpid(copy, nullptr, 0);
              return ended && others.is_untouched() ? 0 : 1;
            }),
            0);
}

/// Asio's handler writes the signal's number to a pipe whose number is the file's by now.
TEST_P(ClosedDescriptors, of_a_pool_that_an_interrupt_drains_let_it_end_the_program) {
  const std::string file = scratch_.path("file");
  EXPECT_EQ(in_child([&] {
              const OthersFile others(file);
              PoolOptions made = options(1);
              made.on_interrupt = OnInterrupt::drain;
              Pool pool(std::move(made));
              wait_for_dispatcher();
              others.give_back();
              others.take_all_numbers();
              if (!throws_system_error([&] { pool.apply(square, 3); })) return 1;
              ::raise(SIGINT);
              return 2;
            }),
            -SIGINT);
  EXPECT_EQ(std::filesystem::file_size(file), 0U);
}

}  // namespace
}  // namespace brood::testing::closed_descriptors_test

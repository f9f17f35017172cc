#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"
#include "support/log_catcher.hpp"

// A program that closes all descriptors but its own three, as daemons do, and with them those of a
// pool that it has.
namespace brood::testing {
namespace {

constexpr int first = 3, last = 700;

/// What has the numbers that were closed: one file, which nobody is to read, write or close.
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

/// Until the pool's thread waits for an event: what is closed while it works may be used once more.
void wait_for_dispatcher() {
  const std::string epoll_wait = std::to_string(SYS_epoll_wait) + ' ';
  for (;;) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::string name, call;
      std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
      std::getline(std::ifstream(task.path() / "syscall") >> std::ws, call);
      if (name == "brood-dispatch" && call.starts_with(epoll_wait)) return;
    }
  }
}

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

}  // namespace
}  // namespace brood::testing

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

#include "pool/pool_fixture.hpp"
#include "support/in_child.hpp"

// Standard output and buffered files of a program that redirects the one and keeps the others open.
namespace brood::testing::standard_streams_test {
namespace {

class StandardStreams : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    expect_orphans();  // the child leaves without its helpers
  }
};
BROOD_FOR_EVERY_METHOD(StandardStreams);

/// From now on the standard output of this process; its writer is this process alone.
class Output {
 public:
  Output() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) ::_exit(100);
    reader_ = ends[0];
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[1]);
  }
  /// Standard output goes elsewhere.
  static void leave() {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, STDOUT_FILENO);
    ::close(null);
  }
  /// Blocks until every writer has closed it.
  std::string rest() const {
    std::string text;
    char byte = 0;
    while (::read(reader_, &byte, 1) == 1) text.push_back(byte);
    return text;
  }

 private:
  int reader_ = -1;
};

int prints(const std::string& text) {
  return static_cast<int>(::write(STDOUT_FILENO, text.data(), text.size()));
}

int dies() { return ::kill(::getpid(), SIGKILL); }

void replace_the_worker(Pool& pool) {
  try {
    pool.apply(dies);
  } catch (const WorkerLost&) {
  }
}

TEST_P(StandardStreams, of_a_program_are_not_kept_open_by_the_helpers_of_a_pool_that_has_gone) {
  EXPECT_EQ(in_child([&] {
              const Output output;
              make_pool(1).apply(prints, std::string("printed"));
              Output::leave();
              return output.rest() == "printed" ? 0 : 1;
            }),
            0);
}

TEST_P(StandardStreams, of_a_worker_are_those_that_the_program_has_when_it_starts) {
  EXPECT_EQ(in_child([&] {
              const Output before;
              Pool pool = make_pool(1);
              pool.apply(prints, std::string("before"));
              const Output after;
              replace_the_worker(pool);
              pool.apply(prints, std::string("after"));
              Output::leave();
              pool.terminate();
              pool.join();
              return before.rest() == "before" && after.rest() == "after" ? 0 : 1;
            }),
            0);
}

TEST_P(StandardStreams, of_a_process_are_those_that_the_program_has_when_it_starts) {
  EXPECT_EQ(in_child([&] {
              const Output before;
              Pool pool = make_pool(1);
              const Output after;
              Process process({.start_method = method()}, prints, std::string("after"));
              process.start();
              process.join();
              Output::leave();
              pool.terminate();
              pool.join();
              return before.rest().empty() && after.rest() == "after" ? 0 : 1;
            }),
            0);
}

TEST_P(StandardStreams, that_are_closed_lead_nowhere_in_a_worker) {
  EXPECT_EQ(in_child([&] {
              Pool pool = make_pool(1);
              ::close(STDOUT_FILENO);
              replace_the_worker(pool);
              return pool.apply(prints, std::string("text")) == 4 ? 0 : 1;
            }),
            0);
}

TEST_P(StandardStreams, that_are_closed_leave_their_numbers_to_the_program) {
  EXPECT_EQ(in_child([&] {
              for (int number = 0; number <= STDERR_FILENO; ++number) ::close(number);
              Pool pool = make_pool(2);
              for (int number = 0; number <= STDERR_FILENO; ++number) {
                if (::fcntl(number, F_GETFD) >= 0) return 1 + number;
              }
              for (int number = 0; number <= STDERR_FILENO; ++number)
                ::open("/dev/null", O_RDWR | O_CLOEXEC);
              return pool.map(square, std::vector{3, 4})[1] == 16 ? 0 : 4;
            }),
            0);
}

/// Ends with its scope.
class OtherThread {
 public:
  ~OtherThread() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_{[this] {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_; });
  }};
};

/// A file of the program's with text that has not been written yet.
class BufferedFile {
 public:
  explicit BufferedFile(const Scratch& scratch)
      : path_(scratch.path("file")), file_(std::fopen(path_.c_str(), "we")) {
    std::fputs("text", file_);
  }
  std::string content_once_closed() {
    std::fclose(file_);
    char text[64];
    std::FILE* const written = std::fopen(path_.c_str(), "re");
    const std::size_t size = std::fread(text, 1, sizeof text, written);
    std::fclose(written);
    return {text, size};
  }

 private:
  const std::string path_;
  std::FILE* file_;
};

using FilesOfTheProgram = StandardStreams;
BROOD_FOR_EVERY_METHOD(FilesOfTheProgram);

TEST_P(FilesOfTheProgram, are_written_once_where_a_pool_is_made_beside_another_thread) {
  const Scratch scratch;
  const OtherThread other;
  BufferedFile file(scratch);
  {
    Pool pool = make_pool(2);
    pool.map(square, std::vector{1, 2, 3});
    pool.close();
    pool.join();
  }
  EXPECT_EQ(file.content_once_closed(), "text");
}

TEST_P(FilesOfTheProgram, are_written_once_where_a_process_starts_beside_another_thread) {
  const Scratch scratch;
  const OtherThread other;
  BufferedFile file(scratch);
  Process process({.start_method = method()}, square, 3);
  process.start();
  process.join();
  EXPECT_EQ(file.content_once_closed(), "text");
}

int writes_and_leaves_open(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "we");
  return std::fputs("text", file) >= 0 ? 1 : 0;
}

TEST_P(FilesOfTheProgram, that_a_worker_leaves_open_are_written_when_it_leaves) {
  const Scratch scratch;
  {
    Pool pool = make_pool(1);
    pool.apply(writes_and_leaves_open, scratch.path("file"));
    pool.close();
    pool.join();
  }
  char text[8] = {};
  std::FILE* const written = std::fopen(scratch.path("file").c_str(), "re");
  EXPECT_EQ(std::fread(text, 1, sizeof text, written), 4U);
  std::fclose(written);
}

}  // namespace
}  // namespace brood::testing::standard_streams_test

#include <fcntl.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "hostile/raw_results.hpp"
#include "pool/pool_fixture.hpp"
#include "support/log_catcher.hpp"

// Workers whose stream makes no sense, and goes on.
namespace brood::testing::broken_worker_test {
namespace {

void marks(int) {
  const char mark = 'T';
  if (::write(9, &mark, 1) < 0) ::_exit(1);
}

int writes_nonsense(const std::string& path) {
  ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 9);
  ::signal(SIGTERM, marks);  // and goes on
  const std::string garbage(64 << 10, 'G');
  for (;;) write_raw(std::as_bytes(std::span(garbage)));
}

class Nonsense : public PoolTest {};
BROOD_FOR_EVERY_METHOD(Nonsense);

TEST_P(Nonsense, is_told_in_one_line_and_ends_its_worker_at_once) {
  const LogCatcher log;
  const Scratch scratch;
  Pool pool = make_pool(1);
  const auto lost = caught<WorkerLost>([&] { pool.apply(writes_nonsense, scratch.path("marks")); });
  EXPECT_EQ(lost.status().value, SIGKILL) << lost.what();
  EXPECT_EQ(lost.report().cause, CrashReport::Cause::stopped) << lost.what();
  EXPECT_TRUE(lost.report().stopped_because.starts_with("brood::CodecError")) << lost.what();
  EXPECT_EQ(pool.apply(square, 3), 9);
  pool.close();
  pool.join();
  EXPECT_EQ(log.records_with("PoolWorker-").size(), 1U);
  EXPECT_EQ(std::filesystem::file_size(scratch.path("marks")), 0U);  // no SIGTERM, no grace
}

TEST_P(Nonsense, of_a_worker_that_the_dispatcher_drives_too) {
  const LogCatcher log;
  const Scratch scratch;
  Pool pool = make_pool(2);
  auto bad = pool.apply_async(writes_nonsense, scratch.path("marks"));
  auto good = pool.map_async(square, std::vector<int>(1000, 3));
  const auto lost = caught<WorkerLost>([&] { bad.get(); });
  EXPECT_EQ(lost.status().value, SIGKILL) << lost.what();
  EXPECT_EQ(good.get(), std::vector<int>(1000, 9));
  pool.close();
  pool.join();
  EXPECT_EQ(log.records_with("PoolWorker-").size(), 1U);
  EXPECT_EQ(std::filesystem::file_size(scratch.path("marks")), 0U);
}

// A copy that a task has left behind holds the pipe's end: the owner reads what the worker has
// written, and not what comes for ever.
int leaves_a_flood_behind(const std::string& mailbox) {
  if (::fork() == 0) {
    Mailbox::send(mailbox, std::to_string(::getpid()));
    for (;;) {
      if (!write_frame(protocol::Type::exhausted)) ::_exit(0);
    }
  }
  ::raise(SIGKILL);
  return 0;
}

TEST_P(Nonsense, of_a_copy_that_outlives_its_worker_holds_up_nobody) {
  const LogCatcher log;
  const Scratch scratch;
  Mailbox mailbox(scratch.path("mail"));
  expect_orphans();
  {
    Pool pool = make_pool(1);
    EXPECT_THROW(pool.apply(leaves_a_flood_behind, mailbox.path()), WorkerLost);
    EXPECT_EQ(pool.apply(square, 3), 9);
  }
  ::kill(std::stoi(mailbox.receive()), SIGKILL);
}

}  // namespace
}  // namespace brood::testing::broken_worker_test

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "pool/pool_fixture.hpp"

// Tasks that close all descriptors, their worker's too, as daemons and libraries do.
namespace brood::testing::closed_channel_test {
namespace {

namespace fs = std::filesystem;

class ClosedChannel : public PoolTest {
 protected:
  void SetUp() override {
    PoolTest::SetUp();
    std::string name = fs::temp_directory_path() / "brood-closed-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    fs::remove_all(folder_);
    PoolTest::TearDown();
  }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};
BROOD_FOR_EVERY_METHOD(ClosedChannel);

int closes_all_and_opens_files(const std::string& folder) {
  ::close_range(3, ~0U, 0);
  for (int i = 0; i < 20; ++i) {
    const std::string path = folder + "/" + std::to_string(i);
    ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  }
  return 1;
}

int square_here(int x) { return x * x; }

TEST_P(ClosedChannel, gets_nothing_written_into_the_files_of_its_task) {
  Pool pool = make_pool(1);
  std::vector<AsyncResult<int>> results;
  results.push_back(pool.apply_async(closes_all_and_opens_files, folder()));
  for (int i = 1; i < 10; ++i) results.push_back(pool.apply_async(square_here, i));
  // A result may have come by the page before that was seen.
  int lost = 0;
  for (int i = 0; i < 10; ++i) {
    try {
      EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i == 0 ? 1 : i * i);
    } catch (const WorkerLost& error) {
      ++lost;
      EXPECT_TRUE(contains(error.what(), "has closed")) << error.what();
    }
  }
  EXPECT_LE(lost, 1);
  EXPECT_EQ(pool.apply(square_here, 5), 25);
  // The pool may have stopped it before it made all of them.
  for (const auto& entry : fs::directory_iterator(folder()))
    EXPECT_EQ(entry.file_size(), 0U) << entry.path();
}

int closes_all_and_hangs() {
  ::close_range(3, ~0U, 0);
  for (;;) ::pause();
}

TEST_P(ClosedChannel, ends_a_worker_that_hangs_behind_it) {
  Pool pool = make_pool(1);
  EXPECT_THROW(pool.apply_async(closes_all_and_hangs).get_for(patience), WorkerLost);
  EXPECT_EQ(pool.apply(square_here, 5), 25);
}

TEST_P(ClosedChannel, ends_a_worker_that_hangs_behind_it_in_a_blocking_call) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(square_here, 5), 25);
  EXPECT_THROW(pool.apply(closes_all_and_hangs), WorkerLost);
  EXPECT_EQ(pool.apply(square_here, 6), 36);
}

int closes_all(int x) {
  ::close_range(3, ~0U, 0);
  return x;
}
int squares_slowly(int x) {
  std::this_thread::sleep_for(20ms);
  return x * x;
}

TEST_P(ClosedChannel, costs_no_call_that_comes_behind_it) {
  Pool pool = make_pool(1);
  const auto closing = pool.apply_async(closes_all, 3);
  std::vector<AsyncResult<int>> results;
  for (int i = 0; i < 15; ++i) results.push_back(pool.apply_async(squares_slowly, i));
  EXPECT_EQ(closing.get_for(patience), 3);
  for (int i = 0; i < 15; ++i)
    EXPECT_EQ(results[static_cast<std::size_t>(i)].get_for(patience), i * i);
}

/// Where descriptors that are closed and opened again would be.
int opens_files_at_low_numbers(const std::string& folder) {
  const int file = ::open((folder + "/low").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  for (int number = 3; number < 64; ++number) ::dup2(file, number);
  return 1;
}

TEST_P(ClosedChannel, is_not_where_a_task_opens_files) {
  Pool pool = make_pool(1);
  EXPECT_EQ(pool.apply(opens_files_at_low_numbers, folder()), 1);
  EXPECT_EQ(pool.apply(square_here, 5), 25);
  EXPECT_EQ(fs::file_size(folder() + "/low"), 0U);
}

}  // namespace
}  // namespace brood::testing::closed_channel_test

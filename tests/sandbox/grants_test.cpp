#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <future>

#include "sandbox/sandbox_fixture.hpp"

// What a sandbox allows on request.
namespace brood::testing::grants_test {
namespace {

class Grants : public SandboxTest {
 protected:
  void SetUp() override {
    SandboxTest::SetUp();
    if (::syscall(444, nullptr, 0, 1U) < 1) has_landlock_ = false;
    std::filesystem::create_directories(scratch_.path("data/below"));
    std::ofstream(scratch_.path("data/below/numbers")) << "1 2 3";
    std::ofstream(scratch_.path("secret")) << "17";
  }
  std::string data() const { return scratch_.path("data"); }
  bool has_landlock_ = true;
  Scratch scratch_;
};
BROOD_FOR_EVERY_METHOD(Grants);

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  return file.is_open() ? text : "not opened";
}
std::string write_to(const std::string& path) {
  std::ofstream file(path);
  file << "new";
  file.close();
  return file ? "written" : "not written";
}
bool removed(const std::string& path) { return std::filesystem::remove(path); }
int error_of_truncating(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_TRUNC) < 0 ? errno : 0;
}
int sums_in_threads(int count) {
  std::vector<std::future<int>> parts;
  for (int i = 0; i < count; ++i) parts.push_back(std::async(std::launch::async, square, i));
  int sum = 0;
  for (auto& part : parts) sum += part.get();
  return sum;
}

TEST_P(Grants, files_below_a_path_are_read_and_no_others) {
  if (!has_landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  Pool pool = make_pool(Sandbox::compute.allow_reading(data()));
  EXPECT_EQ(pool.apply(text_of, data() + "/below/numbers"), "1 2 3");
  EXPECT_EQ(pool.apply(text_of, data() + "/../secret"), "not opened");
  EXPECT_EQ(pool.apply(text_of, std::string("/etc/passwd")), "not opened");
  EXPECT_EQ(pool.apply(text_of, "/proc/" + std::to_string(::getpid()) + "/environ"), "not opened");
  EXPECT_EQ(refused([&] { pool.apply(write_to, data() + "/new"); }), "openat");
  EXPECT_EQ(refused([&] { pool.apply(error_of_truncating, data() + "/below/numbers"); }), "openat");
  EXPECT_EQ(text_of(data() + "/below/numbers"), "1 2 3");
}

TEST_P(Grants, a_single_file_is_read) {
  if (!has_landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  Pool pool = make_pool(Sandbox::compute.allow_reading(scratch_.path("secret")));
  EXPECT_EQ(pool.apply(text_of, scratch_.path("secret")), "17");
  EXPECT_EQ(pool.apply(text_of, data() + "/below/numbers"), "not opened");
}

TEST_P(Grants, files_below_a_path_are_written_and_no_others) {
  if (!has_landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  Pool pool = make_pool(Sandbox::compute.allow_writing(data()));
  EXPECT_EQ(pool.apply(write_to, data() + "/new"), "written");
  EXPECT_EQ(pool.apply(text_of, data() + "/new"), "new");
  EXPECT_TRUE(pool.apply(removed, data() + "/new"));
  EXPECT_EQ(pool.apply(write_to, scratch_.path("new")), "not written");
  EXPECT_EQ(pool.apply(write_to, scratch_.path("secret")), "not written");
  EXPECT_THROW(pool.apply(error_of_truncating, scratch_.path("secret")), WorkerLost);
  EXPECT_EQ(text_of(scratch_.path("secret")), "17");
}

TEST_P(Grants, a_path_that_does_not_exist_is_told_by_a_start_error) {
  if (!has_landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  Pool pool = make_pool(Sandbox::compute.allow_reading(scratch_.path("missing")));
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "sandbox");
  EXPECT_TRUE(contains(error.what(), scratch_.path("missing"))) << error.what();
}

TEST_P(Grants, threads_run_and_processes_do_not) {
  Pool pool = make_pool(Sandbox::compute.allow_threads());
  EXPECT_EQ(pool.apply(sums_in_threads, 5), 30);
  EXPECT_EQ(refused([&] { pool.apply([](int) { return ::fork(); }, 0); }), "clone");
}

TEST_P(Grants, a_thread_is_in_the_sandbox_too) {
  Pool pool = make_pool(Sandbox::compute.allow_threads());
  const auto opens_in_a_thread = [](int) {
    return std::async(std::launch::async, [] { return ::open("/etc/passwd", O_RDONLY); }).get();
  };
  EXPECT_EQ(refused([&] { pool.apply(opens_in_a_thread, 0); }), "openat");
}

// Between an initializer's thread and a task.
std::promise<void> asked;
std::promise<int> opened;
void leaves_a_thread() {
  std::thread([] {
    asked.get_future().wait();
    opened.set_value(::open("/etc/passwd", O_RDONLY));
  }).detach();
}
int asks_the_thread(int) {
  asked.set_value();
  return opened.get_future().get();
}

TEST_P(Grants, a_thread_of_the_initializer_is_in_the_sandbox_too) {
  PoolOptions made = within(Sandbox::compute);
  made.initializer = leaves_a_thread;
  Pool pool(std::move(made));
  EXPECT_EQ(refused([&] { pool.apply(asks_the_thread, 0); }), "openat");
}

TEST_P(Grants, a_thread_of_the_initializer_could_open_other_files_than_the_paths) {
  if (!has_landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  PoolOptions made = within(Sandbox::compute.allow_reading(data()));
  made.initializer = leaves_a_thread;
  Pool pool(std::move(made));
  const auto error = caught<StartError>([&] { pool.apply(square, 2); });
  EXPECT_EQ(error.stage(), "sandbox");
  EXPECT_TRUE(contains(error.what(), "1 threads that the initializer")) << error.what();
}

TEST_P(Grants, a_system_call_by_its_name) {
  const auto asks = [](int) { return ::syscall(SYS_personality, 0xffffffff) >= 0 ? 1 : 0; };
  Pool pool = make_pool(Sandbox::compute.allow_system_call("personality"));
  EXPECT_EQ(pool.apply(asks, 0), 1);
  EXPECT_EQ(refused([&] { make_pool().apply(asks, 0); }), "personality");
}

TEST_P(Grants, an_unknown_system_call_is_a_usage_error) {
  const auto error =
      caught<UsageError>([&] { make_pool(Sandbox::compute.allow_system_call("opne")); });
  EXPECT_TRUE(contains(error.what(), "opne")) << error.what();
}

TEST_P(Grants, none_stays_none) {
  Pool pool = make_pool(Sandbox::none.allow_reading("/nowhere").allow_threads());
  EXPECT_EQ(pool.apply(text_of, scratch_.path("secret")), "17");
}

}  // namespace
}  // namespace brood::testing::grants_test

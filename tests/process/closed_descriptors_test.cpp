#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "process/process_fixture.hpp"

// Callables that close all descriptors, the library's too, as daemons and libraries do.
namespace brood::testing::closed_descriptors_test {
namespace {

namespace fs = std::filesystem;

class ClosedDescriptors : public ProcessTest {};
BROOD_FOR_EVERY_METHOD(ClosedDescriptors);

/// Whether the thread that watches the owner sleeps in poll(2): what it waits for may be closed
/// then.
bool watch_has_begun() {
  for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
    std::string name, stat;
    std::getline(std::ifstream(thread.path() / "comm"), name);
    std::getline(std::ifstream(thread.path() / "stat"), stat);
    if (name == "brood-watch") return contains(stat, ") S ");
  }
  return false;
}

/// What a process that it forks writes goes into the files, too.
void closes_all_and_opens_files(const std::string& folder) {
  while (!watch_has_begun()) std::this_thread::yield();
  ::close_range(3, ~0U, 0);
  std::array<int, 20> files{};
  for (std::size_t i = 0; i < files.size(); ++i)
    files[i] = ::open((folder + "/" + std::to_string(i)).c_str(), O_RDWR | O_CREAT, 0600);
  const pid_t copy = ::fork();
  if (copy != 0) {
    ::waitpid(copy, nullptr, 0);
    return;
  }
  for (const int file : files) {
    if (::write(file, "x", 1) != 1) ::_exit(1);
  }
  ::_exit(0);
}

TEST_P(ClosedDescriptors, leave_the_files_that_come_after_them_to_the_callable) {
  const Scratch scratch;
  const std::string folder = scratch.path("files");
  fs::create_directory(folder);
  EXPECT_EQ(code_of(closes_all_and_opens_files, folder), 0);
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "x") << entry.path();
  }
}

}  // namespace
}  // namespace brood::testing::closed_descriptors_test

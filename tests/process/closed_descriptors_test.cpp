#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "platform/watch.hpp"
#include "process/process_fixture.hpp"

// Callables that close all descriptors, the library's too, as daemons and libraries do.
namespace brood::testing {
namespace {

namespace fs = std::filesystem;

class ClosedDescriptors : public ProcessTest {};
BROOD_FOR_EVERY_METHOD(ClosedDescriptors);

/// What a process that it forks writes goes into the files, too.
void closes_all_and_opens_files(const std::string& folder) {
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
  const std::optional<int> code = code_of(closes_all_and_opens_files, folder);
  // Its watch over the owner may not have begun when the owner's descriptor was closed.
  if (code == platform::exit_orphaned) GTEST_SKIP() << "it took its owner for dead";
  EXPECT_EQ(code, 0);
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "x") << entry.path();
  }
}

}  // namespace
}  // namespace brood::testing

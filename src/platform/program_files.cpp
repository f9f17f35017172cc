#include "platform/program_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <vector>

#include "platform/descriptor.hpp"
#include "platform/process.hpp"

namespace brood::platform {
namespace {

bool is_pipe_or_socket(int number) noexcept {
  struct stat status {};
  return ::fstat(number, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

bool is_of_program(int number) noexcept {
  return number > STDERR_FILENO && !own_descriptors.contains(number) &&
         !inherited_descriptors.contains(number);
}

}  // namespace

void let_go_of_pipes_and_sockets(int kept) noexcept try {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int number = std::atoi(entry.path().filename().c_str());
    if (number != kept && is_of_program(number) && is_pipe_or_socket(number))
      found.push_back(number);
  }
  replace_descriptors(found.data(), found.size());
} catch (const std::exception&) {
}

}  // namespace brood::platform

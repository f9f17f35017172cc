#include "platform/usage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>

#include "platform/system_calls.hpp"

namespace brood::platform {

namespace {

std::uint64_t statm_bytes(const std::string& directory) {
  std::uint64_t total = 0, resident = 0;
  std::ifstream(directory + "statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A main thread that has ended has no memory any more, and the process's statm is that of its main
// thread. All others have the same memory: the first one that has some says how much. Where so many
// have none, they are just ending.
std::uint64_t resident_bytes(const std::string& directory) {
  if (const std::uint64_t found = statm_bytes(directory); found != 0) return found;
  namespace fs = std::filesystem;
  std::error_code gone;
  int most = 64;
  for (fs::directory_iterator task(directory + "task", gone), end; !gone && task != end && most > 0;
       task.increment(gone), --most) {
    if (const std::uint64_t found = statm_bytes(task->path().string() + "/"); found != 0)
      return found;
  }
  return 0;
}

// Fields 14 and 15 of /proc/pid/stat, counted behind the name, which may hold anything but ends
// with the last ')'.
std::chrono::nanoseconds cpu_time(const std::string& directory) {
  std::ifstream file(directory + "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t behind_name = line.rfind(')');
  if (behind_name == std::string::npos) return {};
  std::size_t position = behind_name;
  for (int field = 2; field < 14 && position != std::string::npos; ++field)
    position = line.find(' ', position + 1);
  if (position == std::string::npos) return {};
  std::size_t length = 0;
  const unsigned long long user = std::stoull(line.substr(position), &length);
  const unsigned long long system = std::stoull(line.substr(position + length));
  return std::chrono::nanoseconds(
      (user + system) *
      (1'000'000'000ULL / static_cast<unsigned long long>(::sysconf(_SC_CLK_TCK))));
}

}  // namespace

OwnResident::OwnResident() {
  const int number = system_calls().open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (number >= 0) statm_ = adopt_above_stdio(number);
}

std::uint64_t OwnResident::bytes() const noexcept {
  char text[128];
  const ssize_t size = system_calls().pread(statm_.get(), text, sizeof text - 1, 0);
  if (size <= 0) return 0;
  text[size] = '\0';
  char* behind_total = nullptr;
  std::strtoull(text, &behind_total, 10);
  return std::strtoull(behind_total, nullptr, 10) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds time_wanted_by_thread() noexcept {
  const int file = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  char text[128];
  const ssize_t size = ::read(file, text, sizeof text - 1);
  if (file >= 0) ::close(file);
  if (size <= 0) return {};
  text[size] = '\0';
  char* behind_first = nullptr;
  const unsigned long long ran = std::strtoull(text, &behind_first, 10);
  return std::chrono::nanoseconds(ran + std::strtoull(behind_first, nullptr, 10));
}

std::uint64_t resident_bytes(pid_t pid) {
  return resident_bytes("/proc/" + std::to_string(pid) + "/");
}

ProcessUsage process_usage(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid) + "/";
  return {resident_bytes(directory), cpu_time(directory)};
}

}  // namespace brood::platform

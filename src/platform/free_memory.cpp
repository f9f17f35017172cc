#include "platform/free_memory.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>

#include "platform/control_group.hpp"
#include "platform/file_text.hpp"

namespace brood::platform {
namespace {

constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();

// The number behind `name` in lines "name number".
std::optional<std::uint64_t> number_after(const std::string& name, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    std::uint64_t number = 0;
    if (words >> word >> number && word == name) return number;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  std::istringstream text(file_text(path).value_or(""));
  std::uint64_t number = 0;
  if (text >> number) return number;
  return std::nullopt;  // also "max"
}

std::uint64_t free_in_machine(const std::string& meminfo) {
  const auto available = number_after("MemAvailable:", meminfo);
  if (!available) return unknown;
  return (*available + number_after("SwapFree:", meminfo).value_or(0)) * 1024;
}

struct Files {
  const char *limit, *usage;
};

std::uint64_t free_in_directory(const std::string& directory, const Files& files) {
  const auto limit = number_in(directory + files.limit);
  const auto usage = number_in(directory + files.usage);
  if (!limit || !usage) return unknown;
  // Pages of files go when memory is wanted.
  const std::string stat = file_text(directory + "/memory.stat").value_or("");
  const std::uint64_t cached = number_after("inactive_file", stat).value_or(0) +
                               number_after("active_file", stat).value_or(0);
  const std::uint64_t used = *usage - std::min(*usage, cached);
  return *limit - std::min(*limit, used);
}

std::uint64_t free_in_group(const std::string& root, const ControlGroup& group) {
  const bool is_first_version = !group.controllers.empty();
  if (is_first_version && group.controllers != "memory") return unknown;
  const std::string mount = is_first_version ? root + "/memory" : root;
  const Files files = is_first_version ? Files{"/memory.limit_in_bytes", "/memory.usage_in_bytes"}
                                       : Files{"/memory.max", "/memory.current"};
  std::uint64_t least = unknown;
  for (const std::string& directory : directories_up(mount, group.path))
    least = std::min(least, free_in_directory(directory, files));
  return least;
}

}  // namespace

std::uint64_t free_memory() {
  return free_memory("/sys/fs/cgroup", file_text("/proc/self/cgroup").value_or(""),
                     file_text("/proc/meminfo").value_or(""));
}

std::uint64_t free_memory(const std::string& root, const std::string& self,
                          const std::string& meminfo) {
  std::uint64_t least = free_in_machine(meminfo);
  for (const ControlGroup& group : control_groups(self))
    least = std::min(least, free_in_group(root, group));
  return least;
}

}  // namespace brood::platform

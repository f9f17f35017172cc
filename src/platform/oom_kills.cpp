#include "platform/oom_kills.hpp"

#include <sstream>

#include "platform/file_text.hpp"

namespace brood::platform {
namespace {

// The number behind the word "oom_kill" in a file of lines "name number".
std::optional<std::uint64_t> count_in(const std::string& text) {
  std::istringstream words(text);
  std::string name;
  std::uint64_t number = 0;
  while (words >> name >> number) {
    if (name == "oom_kill") return number;
  }
  return std::nullopt;
}

// In a container the group's path may be the host's; the mount itself is then the container's.
std::optional<std::uint64_t> count_of_group(const std::string& mount, const std::string& path,
                                            const char* file) {
  for (const std::string& directory : {mount + path, mount}) {
    const std::optional<std::string> text = file_text(directory + "/" + file);
    if (!text) continue;
    if (const std::optional<std::uint64_t> count = count_in(*text)) return count;
  }
  return std::nullopt;
}

// One line of /proc/self/cgroup: "number:controllers:path", cgroups(7).
std::optional<std::uint64_t> count_of_line(const std::string& root, const std::string& line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  const std::string path = line.substr(second + 1);
  if (controllers.empty()) return count_of_group(root, path, "memory.events");
  if (controllers != "memory") return std::nullopt;
  return count_of_group(root + "/memory", path, "memory.oom_control");
}

}  // namespace

std::optional<std::uint64_t> oom_kills() {
  return oom_kills("/sys/fs/cgroup", file_text("/proc/self/cgroup").value_or(""), "/proc/vmstat");
}

std::optional<std::uint64_t> oom_kills(const std::string& root, const std::string& self,
                                       const std::string& vmstat) {
  std::istringstream lines(self);
  for (std::string line; std::getline(lines, line);) {
    if (const std::optional<std::uint64_t> count = count_of_line(root, line)) return count;
  }
  return count_in(file_text(vmstat).value_or(""));
}

}  // namespace brood::platform

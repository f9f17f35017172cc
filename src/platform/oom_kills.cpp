#include "platform/oom_kills.hpp"

#include <sstream>

#include "platform/control_group.hpp"
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

std::optional<std::uint64_t> count_of(const std::string& root, const ControlGroup& group) {
  if (group.controllers.empty()) return count_of_group(root, group.path, "memory.events");
  if (group.controllers != "memory") return std::nullopt;
  return count_of_group(root + "/memory", group.path, "memory.oom_control");
}

}  // namespace

std::optional<std::uint64_t> oom_kills() {
  return oom_kills("/sys/fs/cgroup", file_text("/proc/self/cgroup").value_or(""), "/proc/vmstat");
}

std::optional<std::uint64_t> oom_kills(const std::string& root, const std::string& self,
                                       const std::string& vmstat) {
  for (const ControlGroup& group : control_groups(self)) {
    if (const std::optional<std::uint64_t> count = count_of(root, group)) return count;
  }
  return count_in(file_text(vmstat).value_or(""));
}

}  // namespace brood::platform

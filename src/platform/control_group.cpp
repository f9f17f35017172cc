#include "platform/control_group.hpp"

#include <cstddef>
#include <sstream>

namespace brood::platform {

std::vector<ControlGroup> control_groups(const std::string& self) {
  std::vector<ControlGroup> groups;
  std::istringstream lines(self);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    groups.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return groups;
}

std::vector<std::string> directories_up(const std::string& mount, std::string path) {
  std::vector<std::string> directories;
  // "/../x" is outside of this control group namespace; what has no slash in front is no path.
  if (!path.starts_with('/') || path.find("..") != std::string::npos) path.clear();
  while (!path.empty() && path != "/") {
    directories.push_back(mount + path);
    path.erase(path.rfind('/'));
  }
  directories.push_back(mount);
  return directories;
}

}  // namespace brood::platform

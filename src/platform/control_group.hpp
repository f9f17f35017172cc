#pragma once

#include <string>
#include <vector>

namespace brood::platform {

/// One line of /proc/self/cgroup: "number:controllers:path", cgroups(7).
struct ControlGroup {
  std::string controllers;  // empty: version 2
  std::string path;
};
std::vector<ControlGroup> control_groups(const std::string& self);

/// `mount + path` and all above it, up to the mount. In a container the path may be the host's,
/// which is not visible here; the mount itself is then the container's group.
std::vector<std::string> directories_up(const std::string& mount, std::string path);

}  // namespace brood::platform

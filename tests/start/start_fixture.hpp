#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "start/test_worker.hpp"
#include "support/in_child.hpp"
#include "support/leak_check.hpp"

namespace brood::start {

/// Text after "Name:" in /proc/<pid>/status.
inline std::string status_field(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return {};
}
inline pid_t parent_of(pid_t pid) { return std::atoi(status_field(pid, "PPid").c_str()); }

/// Every process below `pid`.
inline std::vector<pid_t> descendants_of(pid_t pid) {
  std::vector<pid_t> all = brood::testing::children_of(std::to_string(pid));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<pid_t> more = brood::testing::children_of(std::to_string(all[i]));
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

/// Fixture: nothing is left behind once the fork server is gone.
class StartTest : public brood::testing::LeakCheck {
 protected:
  void TearDown() override {
    drop_forkserver();
    LeakCheck::TearDown();
  }
};

}  // namespace brood::start

#pragma once

#include <string>

namespace brood::base {

/// Name of a process and its place in the tree, as its maker said.
struct Identity {
  std::string name = "MainProcess";
  std::string numbers;  // "2:1": the first child of the second one; empty unless Brood started it
  bool daemon = false;
  std::string parent_name;
  int parent_pid = 0;
};

}  // namespace brood::base

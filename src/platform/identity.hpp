#pragma once

#include <string>

namespace brood::platform {

/// Name and place in the tree of this process, as its maker said.
struct Identity {
  std::string name = "MainProcess";
  std::string numbers;  // "2:1": the first child of the second one; empty unless Brood started it
  bool daemon = false;
  std::string parent_name;
  int parent_pid = 0;
  int parent = -1;  // pidfd, open as long as this process lives
};

/// Threads: any.
const Identity& identity();
std::string process_name();
/// Also sets the name that ps and top show, and begins to count children anew. Call before there
/// are threads.
void set_identity(Identity identity);
/// The numbers of the next child: one row for processes and workers of every kind, as in Python.
/// Threads: any.
std::string next_child_numbers();

}  // namespace brood::platform

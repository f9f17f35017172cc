#pragma once

#include <string>
#include <vector>

namespace brood::detail {

/// What a Sandbox allows, as the library reads it.
struct SandboxTerms {
  bool on = false;
  bool shared_objects = false, threads = false;
  bool warn = false;  // of what the system lacks, instead of failing
  std::vector<std::string> readable{}, writable{};
  std::vector<std::string> calls{};  // names of system calls
};

}  // namespace brood::detail

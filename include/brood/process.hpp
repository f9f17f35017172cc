#pragma once

#include <string>

#include <brood/detail/export.hpp>

namespace brood {

/// Name and id of a process, as a value.
class ProcessInfo {
 public:
  ProcessInfo(std::string name, int pid) : name_(std::move(name)), pid_(pid) {}
  const std::string& name() const noexcept { return name_; }
  int pid() const noexcept { return pid_; }

 private:
  std::string name_;
  int pid_;
};

/// This process: "MainProcess", or a worker's name such as "SpawnPoolWorker-1". Threads: any.
BROOD_API ProcessInfo current_process();

}  // namespace brood

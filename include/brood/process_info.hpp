#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/export.hpp>

namespace brood {

class ParentProcess;

/// Name and id of a process, as a value. Threads: as any value.
class ProcessInfo {
 public:
  /// Name of the process.
  const std::string& name() const noexcept { return name_; }
  /// Its process id.
  int pid() const noexcept { return pid_; }
  /// Whether it is a daemon: see ProcessOptions. Workers of pools are.
  bool daemon() const noexcept { return daemon_; }

 private:
  friend BROOD_API ProcessInfo current_process();
  friend BROOD_API std::optional<ParentProcess> parent_process();
  friend BROOD_API std::vector<ProcessInfo> active_children();
  ProcessInfo(std::string name, int pid) : name_(std::move(name)), pid_(pid) {}

  std::string name_;
  int pid_;
  bool daemon_ = false;
};

/// The process that started this one. The value can be used as long as this process lives. Only
/// join() blocks, and no function throws. Threads: any. Cost: a system call.
class BROOD_API ParentProcess : public ProcessInfo {
 public:
  /// Whether the parent lives. This process ends a moment after its parent.
  bool is_alive() const;
  /// Blocks until the parent has ended. This process ends then, too.
  void join() const;
  /// A descriptor that becomes readable for poll(2) when the parent has ended. Do not close it.
  int sentinel() const noexcept { return sentinel_; }

 private:
  friend BROOD_API std::optional<ParentProcess> parent_process();
  ParentProcess(ProcessInfo info, int sentinel)
      : ProcessInfo(std::move(info)), sentinel_(sentinel) {}

  int sentinel_;
};

/// This process. Its name is "MainProcess", a worker's ("SpawnPoolWorker-1"), or that of a Process.
/// Does not block. Throws std::bad_alloc. Threads: any. Cost: a system call.
BROOD_API ProcessInfo current_process();
/// The process that started this one; empty in a process that Brood did not start. Its daemon() is
/// always false, since it is not known. Does not block. Throws std::bad_alloc. Threads:
/// any. Cost: none.
BROOD_API std::optional<ParentProcess> parent_process();
/// The brood::Process children of this process that run, in the order in which they were started.
/// Also collects the exit status of each that has ended. Does not block. Throws
/// std::bad_alloc. Threads: any. Cost: a system call for each child.
BROOD_API std::vector<ProcessInfo> active_children();

}  // namespace brood

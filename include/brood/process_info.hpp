#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/export.hpp>

namespace brood {

/// Whether a process is ended, not joined, when its owner ends.
enum class Daemon : bool { no, yes };

/// Name and id of a process, as a value.
class ProcessInfo {
 public:
  ProcessInfo(std::string name, int pid, Daemon daemon = Daemon::no)
      : name_(std::move(name)), pid_(pid), daemon_(daemon) {}
  const std::string& name() const noexcept { return name_; }
  int pid() const noexcept { return pid_; }
  /// True for workers of pools too.
  bool daemon() const noexcept { return daemon_ == Daemon::yes; }

 private:
  std::string name_;
  int pid_;
  Daemon daemon_;
};

/// The process that started this one: valid as long as this one lives.
class BROOD_API ParentProcess : public ProcessInfo {
 public:
  ParentProcess(ProcessInfo info, int sentinel)
      : ProcessInfo(std::move(info)), sentinel_(sentinel) {}
  /// This process ends a moment after its parent has ended.
  bool is_alive() const;
  /// Blocks until the parent has ended: and this process with it.
  void join() const;
  /// A descriptor that poll(2) finds readable when the parent has ended; not the caller's to close.
  int sentinel() const noexcept { return sentinel_; }

 private:
  int sentinel_;
};

/// This process: "MainProcess", a worker's name such as "SpawnPoolWorker-1", or a Process's.
/// Threads: any.
BROOD_API ProcessInfo current_process();
/// What started this process; nothing in one that Brood did not start. Its daemon() is not known,
/// and false. Threads: any.
BROOD_API std::optional<ParentProcess> parent_process();
/// The brood::Process children of this process that run, in the order in which they were started.
/// Learns of each that has ended how it did. Threads: any.
BROOD_API std::vector<ProcessInfo> active_children();

}  // namespace brood

#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include <brood/options.hpp>
#include "platform/process.hpp"
#include "protocol/messages.hpp"

// What an owner says of a worker that has died.
namespace brood::pool {

class WorkerLink;

/// The last records that a worker has logged, each a line of bounded length.
class LastLogLines {
 public:
  void add(const protocol::LogRecord& record);
  std::vector<std::string> lines() const { return {lines_.begin(), lines_.end()}; }

 private:
  static constexpr std::size_t most_lines = 8;
  static constexpr std::size_t longest_line = 256;  // bytes
  std::deque<std::string> lines_;
};

/// How a worker process ended, as the system tells.
struct Death {
  platform::Ended ended;
  // After SIGKILL, whether since its start the kernel has killed for want of memory: as far as it
  // tells.
  std::optional<bool> out_of_memory{};
};

/// Whether the process was ended by SIGKILL.
bool was_killed(const Death& death) noexcept;

/// How a worker has ended, as its elements are told.
struct WorkerExit {
  WorkerIdentity worker;
  ExitStatus status;
  std::shared_ptr<const CrashReport> report;
  std::exception_ptr fault_of_ours;  // instead of the death that it led to
};
/// All of its stream has been read. Without memory for a report, what is known without one.
WorkerExit exit_of(const WorkerLink& link, const Death& death, const Limits& limits) noexcept;

/// How a worker that has ended says that it did: where its exit status is lost, because something
/// else in the program has reaped it. `lost` where it had no time to say so.
ExitStatus status_told_by(const WorkerLink& link);

}  // namespace brood::pool

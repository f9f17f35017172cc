#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include <brood/options.hpp>
#include "platform/process.hpp"
#include "pool/scheduler/types.hpp"
#include "protocol/last_words.hpp"
#include "protocol/messages.hpp"

// What an owner reports of a worker that has died.
namespace brood::pool {

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

/// How a worker process ended, as the system reports it.
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

/// What its owner knows of a worker when it has ended, but for how it ended. Refers to what the
/// owner keeps: making one allocates nothing.
struct WorkerHistory {
  const std::string& name;
  int pid;
  Time since;    // when it was asked for
  bool greeted;  // it has said what program it runs
  bool sandboxed;
  const protocol::LastWords& last_words;  // as the worker has left them: anything
  const LastLogLines& log_lines;
  // --- what the owner has done, and why ---
  bool broken;                              // what it wrote made no sense: it was read no more
  bool killed;                              // SIGKILL was sent
  const std::string& stopped_because;       // empty: it was not stopped
  const std::exception_ptr& fault_of_ours;  // see WorkerExit
  std::uint64_t peak_seen;                  // bytes, of its resident memory; 0: never looked at
  std::uint64_t oversize;  // bytes that it had when it was stopped for that; 0: it was not
  const std::shared_ptr<const std::string>& output;  // of the element that ran; null: nothing
};

/// All of its stream has been read. Without memory for a report, what is known without one.
WorkerExit exit_of(const WorkerHistory& worker, const Death& death, const Limits& limits) noexcept;

/// How a worker that has ended says that it did: where its exit status is lost, because something
/// else in the program has reaped it. `lost` where it had no time to say so.
ExitStatus reported_status(const protocol::LastWords& words);

}  // namespace brood::pool

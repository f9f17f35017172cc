#include <brood/errors.hpp>

#include <csignal>
#include <cstring>
#include <utility>

#include "base/duration_text.hpp"
#include "base/program_path.hpp"

namespace brood {
namespace {

std::string in_words(const std::string& name, int pid) {
  return pid > 0 ? name + " (pid " + std::to_string(pid) + ")" : name;
}

std::string worker_in_words(const WorkerIdentity& worker) {
  return in_words(worker.name.empty() ? std::string("worker") : "worker " + worker.name,
                  worker.pid);
}

std::string system_text(const std::string& call, const std::string& stage, int error) {
  std::string text = call + " failed";
  if (!stage.empty()) text += " (" + stage + ")";
  const char* const name = strerrorname_np(error);
  text += ": " + std::generic_category().message(error);
  return text + " [" + (name != nullptr ? std::string(name) : "errno " + std::to_string(error)) +
         "]";
}

std::string start_text(const std::string& method, const std::string& stage,
                       const std::string& reason) {
  std::string text = "a worker did not start";
  if (!method.empty()) text += " with start method \"" + method + "\"";
  if (!stage.empty()) text += ", in its " + stage;
  return reason.empty() ? text : text + ": " + reason;
}

std::string codec_text(CodecError::Direction direction, const std::string& type,
                       const std::string& reason, std::uint64_t limit) {
  std::string text =
      direction == CodecError::Direction::encode ? "cannot encode " : "cannot decode ";
  text += (type.empty() ? "a value" : type) + ": " + reason;
  return limit == 0 ? text : text + " (the limit is " + std::to_string(limit) + " bytes)";
}

std::string task_text(const std::string& type, const std::string& text,
                      const WorkerIdentity& worker, std::size_t index) {
  std::string result = type.empty() ? std::string("exception of unknown type") : type;
  if (!text.empty()) result += ": " + text;
  if (index == TaskPlace::no_element)
    return result + " [thrown by " + in_words(worker.name, worker.pid) + "]";
  return result + " [thrown in element " + std::to_string(index) + " by " +
         worker_in_words(worker) + "]";
}

std::string lost_text(const ExitStatus& status, const WorkerIdentity& worker, std::size_t index,
                      const CrashReport* report) {
  using Cause = CrashReport::Cause;
  std::string place = " in element " + std::to_string(index);
  // "It ended itself" says no more than the exit code.
  const bool known = report != nullptr && report->cause != Cause::unknown;
  if (known && (report->cause != Cause::exited || !report->stopped_because.empty()))
    place += ": " + report->describe();
  switch (status.kind) {
    case ExitStatus::Kind::signaled:
      return worker_in_words(worker) + " died by " + status.describe() + place;
    case ExitStatus::Kind::exited:
      return worker_in_words(worker) + " ended with " + status.describe() + place;
    case ExitStatus::Kind::lost:
      break;
  }
  return worker_in_words(worker) + " disappeared" + place + "; how it ended is " +
         status.describe();
}

// "SIGSEGV, Segmentation fault", "SIGRTMIN+2".
std::string signal_in_words(int signal) {
  const char* const name = sigabbrev_np(signal);
  if (name != nullptr) return std::string("SIG") + name + ", " + sigdescr_np(signal);
  if (signal < SIGRTMIN || signal > SIGRTMAX) return "no standard signal";
  const int above = signal - SIGRTMIN;
  return above == 0 ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(above);
}

// With the way to run it again, and what became of it before, where it ran more than once.
std::string over_attempts(std::string text, const Attempts& attempts) {
  if (!attempts.saved.empty()) text += "; run it again: " + base::replay_command(attempts.saved);
  if (attempts.count <= 1) return text;
  text += "; this was attempt " + std::to_string(attempts.count);
  const char* separator = ", after: ";
  for (const std::string& one : attempts.earlier) {
    text += separator + one;
    separator = " | ";
  }
  return text;
}

std::string how_it_stopped(const WorkerIdentity& worker, bool worker_stopped) {
  const std::string where = worker.name.empty() ? "its worker" : worker_in_words(worker);
  return worker_stopped ? where + " was stopped" : "it stopped when it was asked to, in " + where;
}

}  // namespace

// The destructors are key functions: each class has one table of virtual functions and one
// type_info in the program, which is what makes catching it across shared libraries work.
Error::~Error() = default;
UsageError::~UsageError() = default;
PoolClosed::~PoolClosed() = default;
BrokenObject::~BrokenObject() = default;
SystemError::~SystemError() = default;
StartError::~StartError() = default;
CodecError::~CodecError() = default;
TaskError::~TaskError() = default;
WorkerLost::~WorkerLost() = default;
TaskTimeout::~TaskTimeout() = default;
TimeoutError::~TimeoutError() = default;
Cancelled::~Cancelled() = default;

SystemError::SystemError(std::string call, std::string stage, int error)
    : Error(system_text(call, stage, error)),
      call_(std::move(call)),
      stage_(std::move(stage)),
      code_(error, std::system_category()) {}

StartError::StartError(std::string method, std::string stage, const std::string& reason,
                       std::optional<ExitStatus> status)
    : Error(start_text(method, stage, reason)),
      method_(std::move(method)),
      stage_(std::move(stage)),
      status_(status) {}

CodecError::CodecError(Direction direction, std::string type, const std::string& reason,
                       std::uint64_t limit)
    : Error(codec_text(direction, type, reason, limit)),
      direction_(direction),
      type_(std::move(type)),
      limit_(limit) {}

TaskError::TaskError(std::string type, std::string text, WorkerIdentity worker, std::size_t index,
                     std::string stack_trace, Attempts attempts)
    : Error(over_attempts(task_text(type, text, worker, index), attempts)),
      TaskPlace(std::move(worker), index, std::move(attempts)),
      type_(std::move(type)),
      text_(std::move(text)),
      stack_trace_(std::move(stack_trace)) {}

WorkerLost::WorkerLost(ExitStatus status, WorkerIdentity worker, std::size_t index,
                       std::shared_ptr<const CrashReport> report, Attempts attempts)
    : Error(over_attempts(lost_text(status, worker, index, report.get()), attempts)),
      TaskPlace(std::move(worker), index, std::move(attempts)),
      status_(status),
      report_(report ? std::move(report) : std::make_shared<const CrashReport>()) {}

TaskTimeout::TaskTimeout(std::chrono::nanoseconds limit, std::size_t index, WorkerIdentity worker,
                         Attempts attempts, bool worker_stopped)
    : Error(over_attempts("element " + std::to_string(index) + " ran longer than its limit of " +
                              base::duration_text(limit) + "; " +
                              how_it_stopped(worker, worker_stopped),
                          attempts)),
      TaskPlace(std::move(worker), index, std::move(attempts)),
      limit_(limit),
      worker_stopped_(worker_stopped) {}

TimeoutError::TimeoutError(const std::string& what) : Error("timed out waiting for " + what) {}

std::string ExitStatus::describe() const {
  if (kind == Kind::exited) return "exit code " + std::to_string(value);
  if (kind == Kind::lost) return "unknown (its exit status was lost)";
  const std::string text = "signal " + std::to_string(value) + " (" + signal_in_words(value) + ")";
  return core_dumped ? text + ", core dumped" : text;
}

}  // namespace brood

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <brood/crash_report.hpp>
#include <brood/detail/abi.hpp>
#include <brood/detail/export.hpp>

namespace brood {

/// Root of everything that Brood throws. Sorted below by who must act.
class BROOD_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// The caller broke a stated precondition; the text says which one and what to write instead.
class BROOD_API UsageError : public Error {
 public:
  using Error::Error;
  ~UsageError() override;
};

/// A task was given to a pool after close() or terminate().
class BROOD_API PoolClosed : public UsageError {
 public:
  using UsageError::UsageError;
  ~PoolClosed() override;
};

/// The operating system refused a call.
class BROOD_API SystemError : public Error {
 public:
  /// `call` names the system call, `stage` what it was made for, `error` is an errno value.
  SystemError(std::string call, std::string stage, int error);
  ~SystemError() override;
  const std::string& call() const noexcept { return call_; }
  const std::string& stage() const noexcept { return stage_; }
  const std::error_code& code() const noexcept { return code_; }

 private:
  std::string call_, stage_;
  std::error_code code_;
};

/// How a process ended.
struct ExitStatus {
  enum class Kind : std::uint8_t { exited, signaled, lost };
  Kind kind = Kind::lost;
  int value = 0;  ///< exit code, or signal number
  bool core_dumped = false;
  /// "exit code 7", "signal 11 (SIGSEGV, Segmentation fault)", "unknown (its exit status was
  /// lost)".
  BROOD_API std::string describe() const;
};

/// A worker did not come up: it could not be started, did not greet, its initializer failed, or the
/// system lacks what its sandbox needs.
class BROOD_API StartError : public Error {
 public:
  /// `stage` is one of "launch", "greeting", "preload", "initializer", "sandbox".
  StartError(std::string method, std::string stage, const std::string& reason,
             std::optional<ExitStatus> status = std::nullopt);
  ~StartError() override;
  const std::string& method() const noexcept { return method_; }
  const std::string& stage() const noexcept { return stage_; }
  /// How the process ended that should have come up; nothing where it did not end by itself. What
  /// the system refuses is a SystemError, with an errno.
  const std::optional<ExitStatus>& status() const noexcept { return status_; }

 private:
  std::string method_, stage_;
  std::optional<ExitStatus> status_;
};

/// A value that cannot become bytes, or bytes that are no value.
class BROOD_API CodecError : public Error {
 public:
  enum class Direction : std::uint8_t { encode, decode };
  CodecError(Direction direction, std::string type, const std::string& reason,
             std::uint64_t limit = 0);
  ~CodecError() override;
  Direction direction() const noexcept { return direction_; }
  /// The C++ type that was being encoded or decoded; empty where the bytes had not got so far.
  const std::string& type() const noexcept { return type_; }
  /// The limit in bytes that was exceeded, 0 when it was none.
  std::uint64_t limit() const noexcept { return limit_; }

 private:
  Direction direction_;
  std::string type_;
  std::uint64_t limit_;
};

/// What lies in the memory of a shared object makes no sense: a process that shares it has written
/// over it, by a stray pointer or on purpose. All users of the object get this from now on; it can
/// only be replaced by a new one.
class BROOD_API BrokenObject : public Error {
 public:
  using Error::Error;
  ~BrokenObject() override;
};

/// Where a task ran: carried by the errors that a task ends in.
struct WorkerIdentity {
  std::string name;
  int pid = 0;
};

/// How often an element ran, and what became of it before.
struct Attempts {
  int count = 1;                       ///< the last one included
  std::vector<std::string> earlier{};  ///< what each before that ended in, in words
};

/// What every error tells that a task ended in: which one, and in which worker.
class TaskPlace {
 public:
  const std::string& worker_name() const noexcept { return worker_.name; }
  int worker_pid() const noexcept { return worker_.pid; }
  /// Those of the worker, in short.
  const std::string& name() const noexcept { return worker_.name; }
  int pid() const noexcept { return worker_.pid; }
  /// What index() is when it was no pool's task: a call of an object in a manager's server.
  static constexpr std::size_t no_element = static_cast<std::size_t>(-1);
  /// Position of the element in its map; 0 for a single call.
  std::size_t index() const noexcept { return index_; }
  /// Which attempt this was, from 1 on: see CallOptions::retries.
  int attempt() const noexcept { return attempts_.count; }
  /// What the attempts before it ended in, a sentence each.
  const std::vector<std::string>& earlier_attempts() const noexcept { return attempts_.earlier; }

 protected:
  TaskPlace(WorkerIdentity worker, std::size_t index, Attempts attempts)
      : worker_(std::move(worker)), index_(index), attempts_(std::move(attempts)) {}
  ~TaskPlace() = default;
  TaskPlace(const TaskPlace&) = default;
  TaskPlace& operator=(const TaskPlace&) = default;

 private:
  WorkerIdentity worker_;
  std::size_t index_;
  Attempts attempts_;
};

/// User code threw in a worker. For a registered type, an exception of the standard library and a
/// type derived from one of its kinds it is nested in an exception of that type; for every other
/// it is what the caller catches.
class BROOD_API TaskError : public Error, public TaskPlace {
 public:
  TaskError(std::string type, std::string text, WorkerIdentity worker, std::size_t index,
            std::string stack_trace = {}, Attempts attempts = {});
  ~TaskError() override;
  /// Demangled name of the type that was thrown.
  const std::string& type_name() const noexcept { return type_; }
  /// Its what(), empty for a type that has none.
  const std::string& text() const noexcept { return text_; }
  /// Where it was thrown. Empty so far: the standard library keeps no trace of that.
  const std::string& stack_trace() const noexcept { return stack_trace_; }

 private:
  std::string type_, text_, stack_trace_;
};

/// The worker died while it ran this task.
class BROOD_API WorkerLost : public Error, public TaskPlace {
 public:
  WorkerLost(ExitStatus status, WorkerIdentity worker, std::size_t index,
             std::shared_ptr<const CrashReport> report = nullptr, Attempts attempts = {});
  ~WorkerLost() override;
  const ExitStatus& status() const noexcept { return status_; }
  /// Signal number, 0 when the process exited.
  int signal() const noexcept {
    return status_.kind == ExitStatus::Kind::signaled ? status_.value : 0;
  }
  /// Exit code, -1 when a signal ended the process.
  int exit_code() const noexcept {
    return status_.kind == ExitStatus::Kind::exited ? status_.value : -1;
  }
  bool core_dumped() const noexcept { return status_.core_dumped; }
  /// Its last words, and why it died as far as that is known.
  const CrashReport& report() const noexcept { return *report_; }

 private:
  ExitStatus status_;
  std::shared_ptr<const CrashReport> report_;  // never null
};

/// The task ran longer than its own limit; its worker was stopped and replaced.
class BROOD_API TaskTimeout : public Error, public TaskPlace {
 public:
  TaskTimeout(std::chrono::nanoseconds limit, std::size_t index, WorkerIdentity worker = {},
              Attempts attempts = {});
  ~TaskTimeout() override;
  std::chrono::nanoseconds limit() const noexcept { return limit_; }

 private:
  std::chrono::nanoseconds limit_;
};

/// The caller waited as long as it wanted to; what it waited for goes on.
class BROOD_API TimeoutError : public Error {
 public:
  /// `what` says what was waited for.
  explicit TimeoutError(const std::string& what);
  ~TimeoutError() override;
};

/// The task will not run, or its result will not come: somebody cancelled it or ended its pool.
class BROOD_API Cancelled : public Error {
 public:
  using Error::Error;
  ~Cancelled() override;
};

}  // namespace brood

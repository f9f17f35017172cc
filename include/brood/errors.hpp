#pragma once

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
#include <brood/detail/chrono.hpp>
#include <brood/detail/export.hpp>
#include <brood/task_place.hpp>

namespace brood {

/// Base of all exceptions that Brood throws.
class BROOD_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// The caller broke a stated precondition. The text says which one and what to write instead.
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
  /// The system call.
  const std::string& call() const noexcept { return call_; }
  /// What it was made for.
  const std::string& stage() const noexcept { return stage_; }
  /// Its errno value.
  const std::error_code& code() const noexcept { return code_; }

 private:
  std::string call_, stage_;
  std::error_code code_;
};

/// How a process ended.
struct ExitStatus {
  /// By itself, by a signal, or in a way that was lost.
  enum class Kind : std::uint8_t { exited, signaled, lost };
  /// In which of these ways.
  Kind kind = Kind::lost;
  /// The exit code, or the signal number.
  int value = 0;
  /// Whether the system wrote a core file.
  bool core_dumped = false;
  /// In words: "exit code 7", "signal 11 (SIGSEGV, Segmentation fault)", "unknown (its exit status
  /// was lost)".
  BROOD_API std::string describe() const;
};

/// A worker did not come up: it could not be started, it ended or hung before it was ready, its
/// initializer failed, or the system lacks what its sandbox needs.
class BROOD_API StartError : public Error {
 public:
  /// `stage` is one of "launch", "greeting", "preload", "initializer", "sandbox".
  StartError(std::string method, std::string stage, const std::string& reason,
             std::optional<ExitStatus> status = std::nullopt);
  ~StartError() override;
  /// Name of the start method.
  const std::string& method() const noexcept { return method_; }
  /// The stage that failed.
  const std::string& stage() const noexcept { return stage_; }
  /// How the process ended, where its end is all that is known: it ended, or was stopped at the end
  /// of its time, before it was ready. Unset: it was never started, or it told what is wrong before
  /// its end, as with a failed initializer or sandbox. Where the system refuses to start the first
  /// workers of a pool, its constructor throws SystemError instead.
  const std::optional<ExitStatus>& status() const noexcept { return status_; }

 private:
  std::string method_, stage_;
  std::optional<ExitStatus> status_;
};

/// A value could not be encoded, or bytes could not be decoded.
class BROOD_API CodecError : public Error {
 public:
  /// Whether a value was to become bytes, or bytes a value.
  enum class Direction : std::uint8_t { encode, decode };
  /// `type` is the C++ type in question, `limit` the limit in bytes that was exceeded, 0 for none.
  CodecError(Direction direction, std::string type, const std::string& reason,
             std::uint64_t limit = 0);
  ~CodecError() override;
  /// Whether encoding or decoding failed.
  Direction direction() const noexcept { return direction_; }
  /// The C++ type that was being encoded or decoded. Empty: decoding failed before that was known.
  const std::string& type() const noexcept { return type_; }
  /// The limit in bytes that was exceeded. 0: the cause was no limit.
  std::uint64_t limit() const noexcept { return limit_; }

 private:
  Direction direction_;
  std::string type_;
  std::uint64_t limit_;
};

/// The memory of a shared object holds something impossible: a process that shares it has written
/// over it, by a stray pointer or on purpose. From now on all users of the object get this error.
/// Make a new object.
class BROOD_API BrokenObject : public Error {
 public:
  using Error::Error;
  ~BrokenObject() override;
};

/// The task threw in its worker. Where the exception's type is registered (register_exception), of
/// the standard library or derived from such a type, the caller catches that type, and the
/// TaskError is nested in it. For every other type the caller catches the TaskError itself.
class BROOD_API TaskError : public Error, public TaskPlace {
 public:
  /// Makes an error whose members return these values. The library throws such errors; a program
  /// makes one to test its own handling. Unset: no stack trace, and one attempt.
  TaskError(std::string type, std::string text, WorkerIdentity worker, std::size_t index,
            std::string stack_trace = {}, Attempts attempts = {});
  ~TaskError() override;
  /// Demangled name of the type that was thrown.
  const std::string& type_name() const noexcept { return type_; }
  /// What its what() returned; empty for a type without what().
  const std::string& text() const noexcept { return text_; }
  /// The place of the throw. Always empty in this version: the standard library keeps no such
  /// trace.
  const std::string& stack_trace() const noexcept { return stack_trace_; }

 private:
  std::string type_, text_, stack_trace_;
};

/// The worker died while it ran this task.
class BROOD_API WorkerLost : public Error, public TaskPlace {
 public:
  /// Makes an error whose members return these values; a program does so to test its handling.
  /// Unset: a report that tells nothing, as for null, and one attempt.
  WorkerLost(ExitStatus status, WorkerIdentity worker, std::size_t index,
             std::shared_ptr<const CrashReport> report = nullptr, Attempts attempts = {});
  ~WorkerLost() override;
  /// How the process ended.
  const ExitStatus& status() const noexcept { return status_; }
  /// The number of the signal that ended the process; 0 where none did, or that is not known.
  int signal() const noexcept {
    return status_.kind == ExitStatus::Kind::signaled ? status_.value : 0;
  }
  /// The exit code; -1 where a signal ended the process (whatever signal: see signal()), or its end
  /// is not known.
  int exit_code() const noexcept {
    return status_.kind == ExitStatus::Kind::exited ? status_.value : -1;
  }
  /// Whether the system wrote a core file.
  bool core_dumped() const noexcept { return status_.core_dumped; }
  /// Why the worker died, as far as that is known.
  const CrashReport& report() const noexcept { return *report_; }

 private:
  ExitStatus status_;
  std::shared_ptr<const CrashReport> report_;  // never null
};

/// The task ran longer than CallOptions::timeout. Its worker was stopped and replaced, unless the
/// task stopped by itself when its stop token asked it to (this_task::stop_token).
class BROOD_API TaskTimeout : public Error, public TaskPlace {
 public:
  /// Makes an error whose members return these values; a program does so to test its handling.
  /// Unset: a worker without name and pid, one attempt, and the worker was stopped.
  TaskTimeout(std::chrono::nanoseconds limit, std::size_t index, WorkerIdentity worker = {},
              Attempts attempts = {}, bool worker_stopped = true);
  ~TaskTimeout() override;
  /// The limit that was exceeded.
  std::chrono::nanoseconds limit() const noexcept { return limit_; }
  /// False where the task stopped by itself, and its worker goes on.
  bool worker_stopped() const noexcept { return worker_stopped_; }

 private:
  std::chrono::nanoseconds limit_;
  bool worker_stopped_;
};

/// A wait of the caller reached its time limit. What it waited for goes on.
class BROOD_API TimeoutError : public Error {
 public:
  /// `what` says what was waited for.
  explicit TimeoutError(const std::string& what);
  ~TimeoutError() override;
};

/// The task will not run, or its result will not arrive: the task was cancelled, or its pool ended.
class BROOD_API Cancelled : public Error {
 public:
  using Error::Error;
  ~Cancelled() override;
};

}  // namespace brood

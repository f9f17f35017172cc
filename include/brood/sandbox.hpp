#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <brood/detail/export.hpp>
#include <brood/detail/sandbox_terms.hpp>

namespace brood {

namespace detail {
class SandboxAccess;
}

/// The system calls that a worker's tasks may make, for PoolOptions::sandbox:
///   brood::Pool pool({.workers = 4, .sandbox = brood::Sandbox::compute});
///
/// A worker enters the sandbox after its initializer and before its first task, and never leaves
/// it. The initializer runs outside: it may open files, load libraries and models, start threads.
/// What it leaves open, tasks can use. Later a system call that the sandbox does not allow ends the
/// worker, and its element is a WorkerLost that names the call. Where the operating system lacks
/// what the sandbox needs, StartError of the stage "sandbox" says so. docs/security.md has the
/// promise, and the calls that fail with an error instead because the C library makes them by
/// itself.
/// Threads: as any value.
class Sandbox {
 public:
  /// What happens when the operating system lacks a part of the sandbox.
  enum class Missing : std::uint8_t {
    /// No worker starts: StartError.
    error,
    /// Workers run without that part, and each logs a warning.
    warn,
  };

  /// No sandbox: tasks may do what this process may.
  static const Sandbox none;
  /// Computation in one thread: arguments, results, exceptions, logs, memory, clocks, random
  /// numbers, and output to stdout and stderr. No files, network, processes, threads or executable
  /// memory; no signals to other processes; no privileges of root. The environment has only locale,
  /// time zone and thread counts of numerical libraries. Pools, Processes and Managers cannot be
  /// made in it.
  static const Sandbox compute;

  /// The same as `none`.
  Sandbox() = default;

  // Each of the following returns a copy of this sandbox that allows one thing more. A copy of
  // `none` stays none.

  /// Allows reading the file `path`, or everything below the directory `path`, which must exist
  /// when a worker starts. Needs Landlock (Linux 5.13). Opening any other file then fails with
  /// EACCES instead of ending the worker. Tasks can ask for size, owner and times of every file.
  Sandbox allow_reading(std::string path) const {
    return with(&detail::SandboxTerms::readable, std::move(path));
  }
  /// Same, but allows reading, writing, making and removing files and directories. Devices, sockets
  /// and programs cannot be made.
  Sandbox allow_writing(std::string path) const {
    return with(&detail::SandboxTerms::writable, std::move(path));
  }
  /// Allows shared objects (Queue, Lock, Array, Connection, ...) in arguments and results, and
  /// making them. Without it a call with one in its arguments throws UsageError.
  /// docs/security.md says what the holders of an object can do to each other.
  Sandbox allow_shared_objects() const {
    Sandbox wider = *this;
    wider.terms_.shared_objects = true;
    return wider;
  }
  /// Allows starting threads: std::thread, std::async. Without it these throw std::system_error, as
  /// when the system has too many threads.
  Sandbox allow_threads() const {
    Sandbox wider = *this;
    wider.terms_.threads = true;
    return wider;
  }
  /// Allows the system call of this name, with any arguments: "getdents64". For what a library
  /// needs and no other member allows. Where this system has no such call, the pool's constructor
  /// throws UsageError.
  Sandbox allow_system_call(std::string name) const {
    return with(&detail::SandboxTerms::calls, std::move(name));
  }
  /// Sets what happens when the operating system lacks a part of the sandbox. Unset:
  /// Missing::error.
  Sandbox when_missing(Missing what) const {
    Sandbox other = *this;
    other.terms_.warn = what == Missing::warn;
    return other;
  }

 private:
  friend class detail::SandboxAccess;
  explicit Sandbox(bool on) { terms_.on = on; }
  BROOD_API Sandbox with(std::vector<std::string> detail::SandboxTerms::*list,
                         std::string entry) const;
  detail::SandboxTerms terms_;
};

inline const Sandbox Sandbox::none{};
inline const Sandbox Sandbox::compute{true};

namespace detail {
/// What the library reads of a Sandbox.
class SandboxAccess {
 public:
  static const SandboxTerms& terms(const Sandbox& sandbox) noexcept { return sandbox.terms_; }
};
}  // namespace detail

}  // namespace brood

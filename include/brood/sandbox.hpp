#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace brood {

namespace detail {
/// What a Sandbox allows, as the library reads it.
struct SandboxTerms {
  bool on = false;
  bool shared_objects = false, threads = false;
  bool warn = false;  // of what the system lacks, instead of failing
  std::vector<std::string> readable{}, writable{};
  std::vector<std::string> calls{};  // names of system calls
};
}  // namespace detail

/// What a worker may ask of the operating system, for PoolOptions::sandbox:
///   brood::Pool pool({.workers = 4, .sandbox = brood::Sandbox::compute});
///
/// A worker enters it when its initializer has run and before its first task, and never leaves it.
/// The initializer is outside: it may open files, load libraries and models, start threads; what it
/// has opened stays open to tasks. From then on a call that the sandbox does not allow ends the
/// worker, and its element is a WorkerLost that names the call. A StartError of the stage "sandbox"
/// says what the system lacks to keep one. docs/security.md says what a sandbox promises, and which
/// calls fail with an error instead because the C library makes them unasked.
/// Threads: as any value.
class Sandbox {
 public:
  /// What happens when the operating system lacks a part of the sandbox.
  enum class Missing : std::uint8_t {
    error,  ///< no worker starts: StartError
    warn,   ///< workers run without that part, and each logs a warning
  };

  /// None: tasks may do what this process may.
  static const Sandbox none;
  /// Pure computation, in one thread: arguments, results, exceptions, logs, memory, clocks, random
  /// numbers, and output to stdout and stderr. No files, network, processes, threads or executable
  /// memory; no signals to others; no privileges of root; an empty environment but for locale, time
  /// zone and thread counts of numerical libraries. Pools, Processes and Managers cannot be made.
  static const Sandbox compute;

  Sandbox() = default;

  // Each makes a sandbox that allows this as well. One that is made of `none` stays none.

  /// Reading the file `path`, or everything below the directory `path`, which must exist when a
  /// worker starts. Needs Landlock (Linux 5.13). Opening anything else then fails with EACCES
  /// instead of ending the worker; size, owner and times of any file can be asked for.
  Sandbox allow_reading(std::string path) const {
    Sandbox wider = *this;
    wider.terms_.readable.push_back(std::move(path));
    return wider;
  }
  /// The same for reading, writing, making and removing files and directories. No devices, sockets
  /// or programs can be made.
  Sandbox allow_writing(std::string path) const {
    Sandbox wider = *this;
    wider.terms_.writable.push_back(std::move(path));
    return wider;
  }
  /// Shared objects (Queue, Lock, Array, Connection, ...) in arguments and results, and making
  /// them. Without it a call with one in its arguments is a UsageError.
  /// What the holders of an object can do to each other is in docs/security.md.
  Sandbox allow_shared_objects() const {
    Sandbox wider = *this;
    wider.terms_.shared_objects = true;
    return wider;
  }
  /// Starting threads: std::thread, std::async. Without it they throw std::system_error, as where
  /// the system has too many.
  Sandbox allow_threads() const {
    Sandbox wider = *this;
    wider.terms_.threads = true;
    return wider;
  }
  /// The system call of this name, whatever its arguments: "getdents64". For what a library needs
  /// and no other member allows. UsageError of the pool's constructor: this system has no such
  /// call.
  Sandbox allow_system_call(std::string name) const {
    Sandbox wider = *this;
    wider.terms_.calls.push_back(std::move(name));
    return wider;
  }
  /// Unset: Missing::error.
  Sandbox when_missing(Missing what) const {
    Sandbox other = *this;
    other.terms_.warn = what == Missing::warn;
    return other;
  }

  const detail::SandboxTerms& terms() const noexcept { return terms_; }

 private:
  explicit Sandbox(bool on) { terms_.on = on; }
  detail::SandboxTerms terms_;
};

inline const Sandbox Sandbox::none{};
inline const Sandbox Sandbox::compute{true};

}  // namespace brood

#pragma once

#include <cstdint>
#include <optional>

#include <brood/duration.hpp>

namespace brood {

/// What each worker may use at most. Unset: the limit that this process has, if any. A limit out of
/// range is a UsageError of the pool's constructor.
struct Limits {
  /// Address space in bytes (RLIMIT_AS): allocations beyond it fail with std::bad_alloc.
  std::optional<std::uint64_t> address_space{};
  /// CPU time of the whole process (RLIMIT_CPU), rounded up to seconds. Then SIGXCPU ends it.
  OptionalDuration cpu_time{};
  /// Resident memory in bytes, looked at after each task: a worker above it is then replaced.
  std::optional<std::uint64_t> resident{};
  /// Resident memory in bytes, looked at 20 times a second: a worker above it is killed at once.
  std::optional<std::uint64_t> resident_hard{};
  /// Number of open descriptors (RLIMIT_NOFILE), at least 16.
  std::optional<std::uint64_t> open_files{};
  /// Size of a core file in bytes (RLIMIT_CORE); 0: none is written.
  std::optional<std::uint64_t> core_size{};
};

}  // namespace brood

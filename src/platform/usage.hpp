#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "platform/descriptor.hpp"

namespace brood::platform {

struct ProcessUsage {
  std::uint64_t resident = 0;            // bytes
  std::chrono::nanoseconds cpu_time{0};  // user and system
};

/// What a process uses now, from /proc; zeros when it is gone.
ProcessUsage process_usage(pid_t pid);

/// This process's resident memory, also where it may open no file any more.
class OwnResident {
 public:
  OwnResident();
  /// In bytes; 0 where there is no /proc.
  std::uint64_t bytes() const noexcept;

 private:
  Descriptor statm_;
};

/// For how long the calling thread has been on a processor, or has waited for one; 0 where the
/// system does not tell. Cost: reads a file of /proc.
std::chrono::nanoseconds time_wanted_by_thread() noexcept;

/// Resident memory of a process now, in bytes; 0 when it is gone.
std::uint64_t resident_bytes(pid_t pid);

}  // namespace brood::platform

#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <string>

// What /proc tells of memory, in bytes.
namespace bench {

/// The sum of the lines of a file "Name: 123 kB" whose names begin with `name`.
inline std::size_t kib_lines(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::size_t sum = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) == 0) sum += std::stoul(line.substr(line.find(':') + 1));
  }
  return sum * 1024;
}

/// What a process can get without swapping.
inline std::size_t available_memory() { return kib_lines("/proc/meminfo", "MemAvailable:"); }

/// Memory of a process that no other process has.
inline std::size_t own_memory(pid_t process) {
  return kib_lines("/proc/" + std::to_string(process) + "/smaps_rollup", "Private_");
}

}  // namespace bench

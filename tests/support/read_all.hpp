#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace brood::testing {

/// Reads exactly `count` bytes from a blocking descriptor; false at the end of the stream. Also for
/// forked processes: what goes wrong ends the process.
inline bool read_all(int descriptor, void* target, std::size_t count) {
  auto* position = static_cast<std::byte*>(target);
  while (count > 0) {
    const ssize_t done = ::read(descriptor, position, count);
    if (done == 0) return false;
    if (done < 0) {
      if (errno == EINTR) continue;
      std::perror("read_all");
      std::abort();
    }
    position += done;
    count -= static_cast<std::size_t>(done);
  }
  return true;
}

}  // namespace brood::testing

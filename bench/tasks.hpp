#pragma once

#include <unistd.h>

#include <chrono>
#include <cmath>

// What workers run. A task has one address in the whole program.
namespace bench::tasks {

inline int next(int value) { return value + 1; }
inline double root(double value) { return std::sqrt(value); }

/// Keeps its CPU for this time.
inline void spin_for(int microseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
  while (std::chrono::steady_clock::now() < end) {
  }
}
inline void sleep_for(int microseconds) {
  if (microseconds != 0) usleep(static_cast<useconds_t>(microseconds));
}

}  // namespace bench::tasks

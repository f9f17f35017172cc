#pragma once

#include <chrono>

namespace brood::platform {

/// For loops that wait for another processor to change memory: it runs cooler, and leaves the core
/// to its other thread.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield");
#endif
}

/// A pause that is too short to sleep.
inline void relax_for(std::chrono::nanoseconds duration) noexcept {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) relax();
}

}  // namespace brood::platform

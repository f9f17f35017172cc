#include "base/stack.hpp"

#include <pthread.h>

#include <algorithm>

namespace brood::base {
namespace {

constexpr std::uintptr_t foreign_stack = std::uintptr_t{32} << 10;
// For throwing an exception; a small stack has to do with a quarter of it.
constexpr std::uintptr_t least_reserve = std::uintptr_t{16} << 10;
// Of a stack without a limit no more is used: the kernel keeps only 128 MiB free below it.
constexpr std::uintptr_t most_used = std::uintptr_t{64} << 20;

struct Bounds {
  std::uintptr_t low = 0, high = 0;
  bool known = false;  // also when the system did not tell: then low == high
  bool hold(std::uintptr_t address) const noexcept { return address > low && address <= high; }
};

Bounds ask_for_bounds() noexcept {
  Bounds bounds;
  bounds.known = true;
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return bounds;
  void* start = nullptr;
  std::size_t size = 0, guard = 0;
  if (::pthread_attr_getstack(&attributes, &start, &size) == 0) {
    ::pthread_attr_getguardsize(&attributes, &guard);
    const auto low = reinterpret_cast<std::uintptr_t>(start);
    bounds.high = low + size;
    bounds.low = std::max(low + std::min(guard, size), bounds.high - std::min(size, most_used));
  }
  ::pthread_attr_destroy(&attributes);
  return bounds;
}

const Bounds& bounds_of_thread() noexcept {
  // Stays true in a forked child: it goes on with the stack of the thread that forked.
  static thread_local constinit Bounds bounds;
  if (!bounds.known) bounds = ask_for_bounds();
  return bounds;
}

}  // namespace

void ask_for_stack() noexcept { bounds_of_thread(); }

std::uintptr_t lowest_frame(std::uintptr_t here) noexcept {
  const Bounds& bounds = bounds_of_thread();
  if (!bounds.hold(here)) return here - std::min(here, foreign_stack);
  const std::uintptr_t least = std::min(least_reserve, (bounds.high - bounds.low) / 4);
  return bounds.low + std::max((here - bounds.low) / 4, least);
}

}  // namespace brood::base

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace brood::platform {

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // nothing: for ever

enum class FutexScope : bool { process, shared };

/// Sleeps while `word` holds `expected`, until woken or the deadline; may wake for no reason. False
/// when the deadline has passed.
bool futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                const Deadline& deadline, FutexScope scope = FutexScope::process) noexcept;
void futex_wake(const std::atomic<std::uint32_t>& word, int count,
                FutexScope scope = FutexScope::process) noexcept;

}  // namespace brood::platform

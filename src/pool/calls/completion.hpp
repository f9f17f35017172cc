#pragma once

#include <atomic>
#include <cstdint>

#include <brood/detail/duration.hpp>

namespace brood::pool {

/// Whether a call has ended, and what threads sleep on until it has, or until more of it has come.
/// Threads: any.
class Completion {
 public:
  /// What a waiter sleeps for. One that wants the end alone is not woken for each piece.
  enum class Until : std::uint8_t { end, piece };
  /// Why it sleeps no more.
  enum class Awake : std::uint8_t { by_event, by_deadline, to_look_up };

  Completion();

  bool finished() const noexcept { return is_end(state()); }
  /// Another one after each event. A waiter takes it before it looks for what it wants, and sleeps
  /// while it stays the same.
  std::uint32_t state() const noexcept { return signal_.load(std::memory_order_acquire); }
  static bool is_end(std::uint32_t state) noexcept { return (state & finished_bit) != 0; }
  /// Sleeps while the state is `seen`, until the deadline, for a second at most: then the waiter
  /// looks whether there is still something that can wake it. Throws as check_process().
  Awake sleep(std::uint32_t seen, const detail::Deadline& deadline, Until until);
  /// Throws UsageError in a forked child, where no thread would ever wake a waiter.
  void check_process() const;

  /// A piece has come: it can be found.
  void notify_piece() noexcept;
  /// The call has ended. Its waiters sleep on, until notify_end().
  void finish() noexcept { signal_.fetch_or(finished_bit, std::memory_order_release); }
  void notify_end() noexcept;

 private:
  static constexpr std::uint32_t finished_bit = 1;
  static constexpr std::uint32_t event = 2;
  using Waiters = std::atomic<std::uint32_t>;
  void wake() noexcept;

  const unsigned generation_;             // see platform::fork_generation
  std::atomic<std::uint32_t> signal_{0};  // finished_bit, and a count of events above it
  Waiters waiting_for_end_{0}, waiting_for_pieces_{0};
};

}  // namespace brood::pool

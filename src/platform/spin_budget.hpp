#pragma once

#include <chrono>
#include <cstdint>

namespace brood::platform {

/// Whether a wait is to look for a moment before it sleeps. A process that sleeps costs a wake-up,
/// 10 to 40 µs between processors, and a look a fraction of one. Where looking is in vain (the peer
/// takes longer, or has no processor) it is tried less and less often, and again all the time once
/// it has paid. Pure. Threads: one at a time.
class SpinBudget {
 public:
  /// `processors`: as many as this process may use. With one, its peer cannot run while it looks.
  explicit SpinBudget(int processors = 1) noexcept : allowed_(processors > 1) {}

  /// Whether to look at this wait. Each call is one wait.
  bool wants_to_look() noexcept {
    if (!allowed_) return false;
    if (skipped_ == 0) return true;
    --skipped_;
    return false;
  }
  /// What came of it.
  void note(bool has_paid) noexcept {
    if (has_paid) {
      in_vain_ = 0;
      return;
    }
    if (in_vain_ < most_doublings) ++in_vain_;
    skipped_ = (1U << in_vain_) - 1;
  }

  /// How long one look may take: somewhat longer than the wake-up that it saves.
  static constexpr std::chrono::microseconds longest{50};

 private:
  static constexpr unsigned most_doublings = 10;  // one look in a thousand waits

  bool allowed_;
  unsigned in_vain_ = 0;       // in a row
  std::uint32_t skipped_ = 0;  // waits without a look that are left
};

/// Calls `try_once` again and again for a moment, where the budget wants that. Whether it has
/// returned true.
template <class TryOnce>
bool look(SpinBudget& budget, TryOnce try_once) {
  using Clock = std::chrono::steady_clock;
  if (!budget.wants_to_look()) return false;
  const Clock::time_point end = Clock::now() + SpinBudget::longest;
  bool done = false;
  do done = try_once();
  while (!done && Clock::now() < end);
  budget.note(done);
  return done;
}

}  // namespace brood::platform

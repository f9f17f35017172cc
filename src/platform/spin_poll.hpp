#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <span>

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

/// Looks for a moment where the budget wants that: what poll(2) returns, 0 for nothing yet.
int look(std::span<pollfd> watched, SpinBudget& budget) noexcept;
/// poll(2) after such a look.
int spin_poll(std::span<pollfd> watched, int timeout_ms, SpinBudget& budget) noexcept;

}  // namespace brood::platform

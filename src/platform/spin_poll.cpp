#include "platform/spin_poll.hpp"

#include "platform/system_calls.hpp"

namespace brood::platform {

int look(std::span<pollfd> watched, SpinBudget& budget) noexcept {
  using Clock = std::chrono::steady_clock;
  if (!budget.wants_to_look()) return 0;
  const Clock::time_point end = Clock::now() + SpinBudget::longest;
  do {
    const int ready = system_calls().poll(watched.data(), watched.size(), 0);
    if (ready == 0) continue;
    budget.note(true);
    return ready;
  } while (Clock::now() < end);
  budget.note(false);
  return 0;
}

int spin_poll(std::span<pollfd> watched, int timeout_ms, SpinBudget& budget) noexcept {
  const int ready = look(watched, budget);
  return ready != 0 ? ready : system_calls().poll(watched.data(), watched.size(), timeout_ms);
}

}  // namespace brood::platform

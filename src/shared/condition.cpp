#include <brood/condition.hpp>

#include <algorithm>
#include <bit>
#include <limits>

#include "shared/backoff_wait.hpp"
#include "shared/object.hpp"

// States, invariants and races: locks.md.
namespace brood {
namespace {

using shared::Kind;

// How many wait, and how many of them have been notified and have not taken it up yet.
struct Waiters {
  std::uint32_t waiting = 0;
  std::uint32_t pending = 0;  // never more than wait
};

struct ConditionState {
  std::atomic<std::uint32_t> notifications{0};
  std::atomic<std::uint64_t> waiters{0};  // a Waiters; as a number, which every compiler inlines

  // Applies `change` to the waiters; false where it refuses.
  template <class Change>
  bool change(Change change) noexcept {
    std::uint64_t before = waiters.load(), after;
    do {
      auto next = std::bit_cast<Waiters>(before);
      if (!change(next)) return false;
      after = std::bit_cast<std::uint64_t>(next);
    } while (!waiters.compare_exchange_weak(before, after));
    return true;
  }
  void come() noexcept {
    change([](Waiters& now) { return ++now.waiting != 0; });
  }
  bool makes_sense() const noexcept {
    const auto now = std::bit_cast<Waiters>(waiters.load());
    return now.pending <= now.waiting;
  }
  bool take_up() noexcept {
    return change([](Waiters& now) {
      if (now.pending == 0 || now.waiting == 0) return false;
      return --now.pending, --now.waiting, true;
    });
  }
  void give_up() noexcept {
    change([](Waiters& now) {
      if (now.waiting != 0) --now.waiting;
      now.pending = std::min(now.pending, now.waiting);
      return true;
    });
  }
};
static_assert(sizeof(Waiters) == sizeof(std::uint64_t) &&
              std::atomic<std::uint64_t>::is_always_lock_free);

ConditionState& condition_of(void* state) { return shared::state_of<ConditionState>(state); }

enum class Ending : std::uint8_t { notified, too_late, broken };

// Whether there was a notification for this waiter, which came when there had been `first`.
Ending sleep(ConditionState& state, std::uint32_t first,
             const detail::Deadline& deadline) noexcept {
  shared::BackoffWait backoff(deadline);
  std::uint32_t seen = first;
  for (;;) {
    const bool in_time = backoff.sleep(state.notifications, seen);
    seen = state.notifications.load();
    if (!state.makes_sense()) return Ending::broken;
    if (seen != first && state.take_up()) return Ending::notified;
    if (!in_time) return state.give_up(), Ending::too_late;
  }
}

shared::Object new_condition() { return shared::make<ConditionState>(Kind::condition, 0); }

}  // namespace

Condition::Condition() : Condition(RLock()) {}

Condition::Condition(Lock lock) : lock_(std::move(lock)) {
  const shared::Object made = new_condition();
  descriptor_ = made.descriptor;
  state_ = made.state();
}

Condition::Condition(RLock lock) : lock_(std::move(lock)) {
  const shared::Object made = new_condition();
  descriptor_ = made.descriptor;
  state_ = made.state();
}

bool Condition::wait_by(const detail::Deadline& deadline) const {
  ConditionState& state = condition_of(state_);
  lock_.demand_held();
  const std::uint32_t first = state.notifications.load();
  state.come();
  // A notification that came in between may have been for this waiter or for an earlier one. It is
  // left to the earlier one, and this wait ends without one, as a wait may.
  if (state.notifications.load() != first) return state.give_up(), true;
  const unsigned depth = lock_.release_all();
  const Ending ending = sleep(state, first, deadline);
  lock_.acquire_again(depth);
  if (ending == Ending::broken) shared::throw_broken(state_);
  return ending == Ending::notified;
}

// Throws nothing: where the counts make no sense, a waiter says so.
void Condition::notify(std::size_t count) const noexcept {
  ConditionState& state = *static_cast<ConditionState*>(state_);
  constexpr std::size_t most_waiters = std::numeric_limits<std::int32_t>::max();
  std::uint32_t woken = 0, waiting = 0;
  state.change([&](Waiters& now) {
    waiting = now.waiting;
    const std::uint32_t asleep = waiting - std::min(waiting, now.pending);
    woken = static_cast<std::uint32_t>(std::min<std::size_t>({count, asleep, most_waiters}));
    now.pending += woken;
    return woken != 0;
  });
  if (waiting == 0) return;
  // In this order: a waiter that finds the count changed finds what is pending. Also where all
  // have been notified already: the process that did it may have been killed before its own count.
  state.notifications.fetch_add(1);
  if (woken == 0) return;
  platform::futex_wake(state.notifications, static_cast<int>(woken), platform::FutexScope::shared);
}

void Condition::notify_all() const noexcept { notify(std::numeric_limits<std::int32_t>::max()); }

void Condition::save(OutputArchive& archive) const {
  shared::put(archive, descriptor_);
  lock_.save(archive);
}

void Condition::load(InputArchive& archive) {
  const auto found = shared::take(archive, {Kind::condition}, sizeof(ConditionState));
  lock_.load(archive);
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

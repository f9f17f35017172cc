#include <brood/semaphore.hpp>

#include <algorithm>
#include <limits>
#include <span>

#include <brood/errors.hpp>
#include "platform/process_mark.hpp"
#include "platform/shared_descriptor.hpp"
#include "shared/guard.hpp"
#include "shared/naps.hpp"
#include "shared/object.hpp"

// States, invariants and races: locks.md.
namespace brood {
namespace {

using platform::ProcessMark;

struct Holder {
  ProcessMark process;
  std::uint32_t count = 0;  // 0: this row is free. Written last
};

// A permit is either free or counted once, in a row or under `others`. All but `value` and
// `waiting` is guarded.
struct BoundedState {
  BoundedState(std::uint32_t permits, std::uint32_t row_count)
      : initial(permits), rows(row_count), value(permits) {
    std::uninitialized_default_construct(holders().begin(), holders().end());
  }

  platform::RobustMutex guard;
  const std::uint32_t initial, rows;
  std::atomic<std::uint32_t> value;
  std::atomic<std::uint32_t> waiting{0};  // at least as many as wait
  std::uint32_t others = 0;               // of processes that there was no row for
  std::uint32_t from_the_dead = 0;        // free ones that nobody has been told of
  shared::Lookout lookout;

  std::span<Holder> holders() noexcept { return {reinterpret_cast<Holder*>(this + 1), rows}; }

  // Whoever was killed here had changed at most one count and not yet `value`.
  void repair() noexcept {
    std::uint32_t lent = others;
    for (const Holder& holder : holders()) lent += holder.count;
    value = initial - std::min(lent, initial);
    from_the_dead = std::min<std::uint32_t>(from_the_dead, value);
  }
  Holder* row_of(const ProcessMark& process) noexcept {
    const auto found = std::ranges::find_if(holders(), [&](const Holder& holder) {
      return holder.count != 0 && holder.process == process;
    });
    return found == holders().end() ? nullptr : &*found;
  }
  Holder* first_row(bool (*wanted)(const Holder&)) noexcept {
    const auto found = std::ranges::find_if(holders(), wanted);
    return found == holders().end() ? nullptr : &*found;
  }
};

BoundedState& state_of(void* state) noexcept { return *static_cast<BoundedState*>(state); }

void note_taken(BoundedState& state, const ProcessMark& self) noexcept {
  if (Holder* const own = state.row_of(self)) {
    ++own->count;
  } else if (Holder* const free =
                 state.first_row([](const Holder& row) { return row.count == 0; })) {
    free->process = self;
    std::atomic_signal_fence(std::memory_order_release);
    free->count = 1;
  } else {
    ++state.others;
  }
  --state.value;
}

void note_given_back(BoundedState& state, const ProcessMark& self) noexcept {
  if (Holder* const own = state.row_of(self)) {
    --own->count;
  } else if (state.others != 0) {
    --state.others;
  } else if (Holder* const any =
                 state.first_row([](const Holder& row) { return row.count != 0; })) {
    --any->count;
  }
  ++state.value;
}

// Takes back what dead processes had.
void look_after_holders(BoundedState& state) noexcept {
  std::uint32_t back = 0;
  {
    const shared::Guard guard(state);
    for (Holder& holder : state.holders()) {
      if (holder.count == 0 || platform::is_alive(holder.process)) continue;
      const std::uint32_t count = holder.count;
      // In this order: killed here, it lets one be told too often, and none too seldom.
      state.from_the_dead += count;
      holder.count = 0;
      state.value += count;
      back += count;
    }
  }
  if (back != 0)
    platform::futex_wake(state.value, static_cast<int>(back), platform::FutexScope::shared);
}

std::uint32_t checked(std::int64_t value) {
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max())
    throw UsageError("brood: a BoundedSemaphore starts with 0 to 2'147'483'647 permits");
  return static_cast<std::uint32_t>(value);
}

}  // namespace

BoundedSemaphore::BoundedSemaphore(std::int64_t value) {
  const std::uint32_t permits = checked(value);
  const auto rows = static_cast<std::uint32_t>(
      std::min<std::size_t>(permits, BoundedSemaphore::remembered_processes));
  const shared::Object made = shared::make<BoundedState>(shared::Kind::bounded_semaphore,
                                                         rows * sizeof(Holder), permits, rows);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

bool BoundedSemaphore::take() const {
  BoundedState& state = state_of(state_);
  const ProcessMark self = platform::this_process();
  const shared::Guard guard(state);
  if (state.value == 0) return false;
  const bool of_a_dead_one = state.from_the_dead != 0;
  if (of_a_dead_one) --state.from_the_dead;
  note_taken(state, self);
  descriptor_->holding().owner_died = of_a_dead_one;
  return true;
}

bool BoundedSemaphore::try_acquire() const {
  if (take()) return true;
  look_after_holders(state_of(state_));
  return take();
}

bool BoundedSemaphore::try_acquire_until(detail::Deadline deadline) const {
  if (try_acquire()) return true;
  BoundedState& state = state_of(state_);
  shared::Naps naps(deadline, shared::Naps::shortest);
  while (!take()) {
    state.waiting.fetch_add(1);
    const bool in_time = naps.sleep(state.value, 0);
    state.waiting.fetch_sub(1);
    if (!in_time) return take();
    if (state.value == 0 && state.lookout.is_due()) look_after_holders(state);
  }
  return true;
}

void BoundedSemaphore::release() const {
  BoundedState& state = state_of(state_);
  const ProcessMark self = platform::this_process();
  {
    const shared::Guard guard(state);
    if (state.value >= state.initial)
      throw UsageError("brood: this BoundedSemaphore has all of its permits already");
    note_given_back(state, self);
  }
  if (state.waiting.load() != 0) platform::futex_wake(state.value, 1, platform::FutexScope::shared);
}

std::int64_t BoundedSemaphore::value() const noexcept { return state_of(state_).value.load(); }

bool BoundedSemaphore::owner_died() const noexcept { return descriptor_->holding().owner_died; }

void BoundedSemaphore::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void BoundedSemaphore::load(InputArchive& archive) {
  const auto found = shared::take(archive, {shared::Kind::bounded_semaphore}, sizeof(BoundedState));
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

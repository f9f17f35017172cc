#include <brood/barrier.hpp>

#include <algorithm>
#include <climits>
#include <span>

#include "platform/process_mark.hpp"
#include "shared/guard.hpp"
#include "shared/naps.hpp"
#include "shared/object.hpp"

// States, invariants and races: locks.md.
namespace brood {

BrokenBarrier::~BrokenBarrier() = default;

namespace {

using platform::ProcessMark;
using shared::Kind;

constexpr std::int64_t most_parties = std::int64_t{1} << 20;

enum class Ending : bool { passed, broken };

struct BarrierState {
  explicit BarrierState(std::uint32_t count) : parties(count) {
    std::uninitialized_default_construct_n(waiting(), count);
  }

  platform::RobustMutex guard;  // for writing
  const std::uint32_t parties;
  std::atomic<std::uint32_t> arrived{0};  // of this generation
  std::atomic<std::uint32_t> generation{0};
  std::atomic<bool> broken{false};
  std::atomic<std::uint64_t> endings{0};  // of the last 64 generations: 1 for broken
  shared::Lookout lookout;

  // Who waits: the first `arrived` of them.
  ProcessMark* waiting() noexcept { return reinterpret_cast<ProcessMark*>(this + 1); }

  static std::uint64_t bit_of(std::uint32_t generation) noexcept {
    return std::uint64_t{1} << (generation % 64);
  }
  bool was_broken(std::uint32_t ended) const noexcept { return (endings & bit_of(ended)) != 0; }

  void end_generation(Ending ending) noexcept {
    const std::uint32_t ended = generation;
    if (ending == Ending::broken) {
      endings |= bit_of(ended);
    } else {
      endings &= ~bit_of(ended);
    }
    arrived = 0;
    generation = ended + 1;
    platform::futex_wake(generation, INT_MAX, platform::FutexScope::shared);
  }
  void break_it() noexcept {
    broken = true;
    if (arrived != 0) end_generation(Ending::broken);
  }
  // Whoever held the guard and died was a party, or ended one's wait; maybe it had begun to end a
  // generation that nobody seems to wait for now.
  void repair() noexcept {
    broken = true;
    end_generation(Ending::broken);
  }
};
static_assert(std::atomic<bool>::is_always_lock_free);

BarrierState& state_of(void* state) { return shared::state_of<BarrierState>(state); }

[[noreturn]] void throw_broken() {
  throw BrokenBarrier(
      "brood: the barrier is broken: a party gave up or died while it waited, or abort() or "
      "reset() "
      "was called");
}

struct Arrival {
  std::uint32_t generation, index;
};

bool all_alive(BarrierState& state, const ProcessMark& self) noexcept {
  const std::span<const ProcessMark> waiting(state.waiting(), state.arrived);
  return std::ranges::all_of(waiting, [&](const ProcessMark& process) {
    return process == self || platform::is_alive(process);
  });
}

Arrival arrive(BarrierState& state) {
  const ProcessMark self = platform::this_process();
  const shared::Guard guard(state);
  if (state.broken) throw_broken();
  const Arrival arrival{state.generation, state.arrived};
  if (arrival.index + 1 == state.parties) {
    if (!all_alive(state, self)) {
      state.break_it();
      throw_broken();
    }
    state.end_generation(Ending::passed);
  } else {
    state.waiting()[arrival.index] = self;
    state.arrived = arrival.index + 1;
  }
  return arrival;
}

void give_up(BarrierState& state, std::uint32_t generation) noexcept {
  const shared::Guard guard(state);
  if (state.generation == generation) state.break_it();
}

void look_after_parties(BarrierState& state) noexcept {
  const ProcessMark self = platform::this_process();
  const shared::Guard guard(state);
  if (!all_alive(state, self)) state.break_it();
}

std::uint32_t checked(std::int64_t parties) {
  if (parties < 1 || parties > most_parties)
    throw UsageError("brood: a Barrier has 1 to 1'048'576 parties");
  return static_cast<std::uint32_t>(parties);
}

}  // namespace

Barrier::Barrier(std::int64_t parties) {
  const std::uint32_t count = checked(parties);
  const shared::Object made =
      shared::make<BarrierState>(Kind::barrier, count * sizeof(ProcessMark), count);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

std::size_t Barrier::wait_until(detail::Deadline deadline) const {
  const Arrival arrival = arrive(state_of(state_));
  wait_for_others(arrival.generation, deadline);
  return arrival.index;
}

void Barrier::wait_for_others(std::uint32_t generation, detail::Deadline deadline) const {
  BarrierState& state = state_of(state_);
  shared::Naps naps(deadline, shared::Naps::shortest);
  while (state.generation == generation) {
    if (!naps.sleep(state.generation, generation)) {
      give_up(state, generation);
    } else if (state.generation == generation && state.lookout.is_due()) {
      look_after_parties(state);
    }
  }
  if (state.was_broken(generation)) throw_broken();
}

std::size_t Barrier::parties() const { return state_of(state_).parties; }

std::size_t Barrier::n_waiting() const { return state_of(state_).arrived; }

void Barrier::reset() const {
  BarrierState& state = state_of(state_);
  const shared::Guard guard(state);
  if (state.arrived != 0) state.end_generation(Ending::broken);
  state.broken = false;
}

void Barrier::abort() const {
  BarrierState& state = state_of(state_);
  const shared::Guard guard(state);
  state.break_it();
}

bool Barrier::broken() const { return state_of(state_).broken; }

void Barrier::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void Barrier::load(InputArchive& archive) {
  const auto found = shared::take(archive, {Kind::barrier}, sizeof(BarrierState));
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

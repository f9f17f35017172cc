#include <brood/barrier.hpp>

#include <algorithm>
#include <climits>
#include <span>

#include "platform/process_mark.hpp"
#include "shared/backoff_wait.hpp"
#include "shared/guard.hpp"
#include "shared/object.hpp"

// States, invariants and races: locks.md.
namespace brood {

namespace {

using platform::ProcessMark;
using shared::Kind;

constexpr std::int64_t most_parties = std::int64_t{1} << 20;
// At so many processes it is looked whether they live, each time: some microseconds for each.
constexpr std::size_t most_looks = 4096;

enum class GenerationEnd : bool { passed, broken };

struct BarrierState {
  explicit BarrierState(std::uint32_t count) : parties(count) {
    std::uninitialized_default_construct_n(waiting(), count);
  }

  // For writing: what is atomic is read without it, so it is not annotated.
  platform::RobustMutex guard;
  const std::uint32_t parties;            // each process notes it when it gets the object
  std::atomic<std::uint32_t> arrived{0};  // of this generation
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint32_t> broken{0};   // 0: no
  std::atomic<std::uint64_t> endings{0};  // of the last 64 generations: 1 for broken
  shared::RateLimiter liveness_check;

  // The waiting processes: the first `arrived` of them.
  ProcessMark* waiting() noexcept BROOD_REQUIRES(guard) {
    return reinterpret_cast<ProcessMark*>(this + 1);
  }
};

struct Arrival {
  std::uint32_t generation, index;
};

[[noreturn]] void throw_broken_barrier() {
  throw BrokenBarrier(
      "brood: the barrier is broken: a party gave up or died while it waited, or abort() or "
      "reset() "
      "was called");
}

/// The state, with a number of parties that no other process can change.
class Parties {
 public:
  Parties(void* state, const detail::DescriptorRef& descriptor)
      : state_(shared::state_of<BarrierState>(state)),
        count_(static_cast<std::uint32_t>(shared::noted_count(descriptor))),
        guard(state_.guard) {}

  BarrierState* operator->() const noexcept { return &state_; }
  void* memory() const noexcept { return &state_; }
  std::uint32_t count() const noexcept { return count_; }
  /// Fewer than there are: the last one ends the generation.
  std::uint32_t arrived() const {
    const std::uint32_t arrived = state_.arrived;
    if (arrived >= count_) shared::throw_broken(&state_);
    return arrived;
  }
  bool was_broken(std::uint32_t ended) const noexcept {
    return (state_.endings & bit_of(ended)) != 0;
  }
  // A process that died holding the guard was a party, or ended one's wait; maybe it had begun to
  // end a generation that has no waiters now, as it seems.
  void repair() noexcept BROOD_REQUIRES(guard) {
    state_.broken = 1;
    end_generation(GenerationEnd::broken);
  }

  Arrival arrive() BROOD_REQUIRES(guard);
  void end_generation(GenerationEnd ending) noexcept BROOD_REQUIRES(guard);
  void break_it() BROOD_REQUIRES(guard) {
    state_.broken = 1;
    if (arrived() != 0) end_generation(GenerationEnd::broken);
  }
  bool all_alive(const ProcessMark& self) const BROOD_REQUIRES(guard) {
    state_.guard.assume_held();
    const std::span<const ProcessMark> waiting(state_.waiting(), arrived());
    std::size_t looks = 0;
    ProcessMark last = self;
    for (const ProcessMark process : waiting) {
      if (process == self || process == last) continue;
      if (++looks > most_looks) break;
      if (!platform::is_alive(process)) return false;
      last = process;
    }
    return true;
  }

 private:
  static std::uint64_t bit_of(std::uint32_t generation) noexcept {
    return std::uint64_t{1} << (generation % 64);
  }
  BarrierState& state_;
  const std::uint32_t count_;

 public:
  platform::RobustMutex& guard;  // the state's, which clang cannot know: hence assume_held()
};

void Parties::end_generation(GenerationEnd ending) noexcept {
  const std::uint32_t ended = state_.generation;
  if (ending == GenerationEnd::broken) {
    state_.endings |= bit_of(ended);
  } else {
    state_.endings &= ~bit_of(ended);
  }
  state_.arrived = 0;
  state_.generation = ended + 1;
  platform::futex_wake(state_.generation, INT_MAX, platform::FutexScope::shared);
}

Arrival Parties::arrive() {
  state_.guard.assume_held();
  const ProcessMark self = platform::this_process();
  if (state_.broken != 0) throw_broken_barrier();
  const Arrival arrival{state_.generation, arrived()};
  if (arrival.index + 1 == count_) {
    if (!all_alive(self)) {
      break_it();
      throw_broken_barrier();
    }
    end_generation(GenerationEnd::passed);
  } else {
    state_.waiting()[arrival.index] = self;
    state_.arrived = arrival.index + 1;
  }
  return arrival;
}

// The caller is one of the waiters: it ends the wait of all, whatever else is there.
void give_up(Parties& parties, std::uint32_t generation, const detail::Deadline& deadline) {
  const shared::Guard guard(parties, deadline);
  if (!guard) throw_broken_barrier();
  if (parties->generation != generation) return;
  parties->broken = 1;
  parties.end_generation(GenerationEnd::broken);
}

void look_after_parties(Parties& parties, std::uint32_t generation,
                        const detail::Deadline& deadline) {
  const ProcessMark self = platform::this_process();
  const shared::Guard guard(parties, deadline);
  if (!guard || parties->generation != generation) return;
  if (parties.arrived() == 0) shared::throw_broken(parties.memory());  // but the caller waits
  if (!parties.all_alive(self)) parties.break_it();
}

std::uint32_t checked_parties(std::int64_t parties) {
  if (parties < 1 || parties > most_parties)
    throw UsageError("brood: a Barrier has 1 to 1'048'576 parties");
  return static_cast<std::uint32_t>(parties);
}

}  // namespace

Barrier::Barrier(std::int64_t parties) {
  const std::uint32_t count = checked_parties(parties);
  const shared::Object made =
      shared::make<BarrierState>(Kind::barrier, count * sizeof(ProcessMark), count);
  shared::note_count(made.descriptor, count);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

std::size_t Barrier::wait_by(const detail::Deadline& deadline) const {
  Parties parties(state_, descriptor_);
  Arrival arrival{};
  {
    const shared::Guard guard(parties, deadline);
    if (!guard) throw_broken_barrier();
    arrival = parties.arrive();
  }
  wait_for_others(arrival.generation, deadline);
  return arrival.index;
}

void Barrier::wait_for_others(std::uint32_t generation, detail::Deadline deadline) const {
  Parties parties(state_, descriptor_);
  shared::BackoffWait backoff(deadline, shared::BackoffWait::shortest);
  while (parties->generation == generation) {
    if (!backoff.sleep(parties->generation, generation)) {
      give_up(parties, generation, deadline);
      break;
    }
    if (parties->generation == generation && parties->liveness_check.is_due())
      look_after_parties(parties, generation, deadline);
  }
  if (parties.was_broken(generation)) throw_broken_barrier();
}

std::size_t Barrier::parties() const { return Parties(state_, descriptor_).count(); }

std::size_t Barrier::n_waiting() const { return Parties(state_, descriptor_).arrived(); }

void Barrier::reset() const {
  Parties parties(state_, descriptor_);
  const shared::Guard guard(parties);
  if (parties.arrived() != 0) parties.end_generation(GenerationEnd::broken);
  parties->broken = 0;
}

void Barrier::abort() const {
  Parties parties(state_, descriptor_);
  const shared::Guard guard(parties);
  parties.break_it();
}

bool Barrier::broken() const { return Parties(state_, descriptor_)->broken != 0; }

void Barrier::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void Barrier::load(InputArchive& archive) {
  const auto found = shared::take(archive, {Kind::barrier}, sizeof(BarrierState));
  const std::uint64_t count =
      shared::count_in(found, static_cast<const BarrierState*>(found.state())->parties);
  if (count < 1 || count > found.room_after(sizeof(BarrierState)) / sizeof(ProcessMark))
    shared::throw_another_kind();
  shared::note_count(found.descriptor, count);
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

#include <brood/semaphore.hpp>

#include <algorithm>
#include <limits>
#include <span>

#include <brood/errors.hpp>
#include "platform/process_mark.hpp"
#include "shared/backoff_wait.hpp"
#include "shared/guard.hpp"
#include "shared/object.hpp"
#include "transfer/shared_descriptor.hpp"

// States, invariants and races: locks.md.
namespace brood {
namespace {

using platform::ProcessMark;

struct Holder {
  ProcessMark process;
  std::uint32_t count = 0;  // 0: this row is free. Written last
};

constexpr std::uint32_t most_permits = std::numeric_limits<std::int32_t>::max();

constexpr std::uint32_t rows_for(std::uint32_t permits) noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(permits, BoundedSemaphore::remembered_processes));
}

// A permit is either free or counted once, in a row or under `others`.
struct BoundedState {
  explicit BoundedState(std::uint32_t permits) : initial(permits), value(permits) {
    std::uninitialized_default_construct_n(rows(), rows_for(permits));
  }

  platform::RobustMutex guard;
  const std::uint32_t initial;            // each process notes it when it gets the object
  std::atomic<std::uint32_t> value;       // written under the guard
  std::atomic<std::uint32_t> waiting{0};  // at least as many as wait
  // Of processes that there was no row for.
  std::uint32_t others BROOD_GUARDED_BY(guard) = 0;
  // Free ones that no holder was told of.
  std::uint32_t from_the_dead BROOD_GUARDED_BY(guard) = 0;
  shared::RateLimiter liveness_check;

  Holder* rows() noexcept BROOD_REQUIRES(guard) { return reinterpret_cast<Holder*>(this + 1); }
};

/// The state, with a number of permits that no other process can change: all counts are below it.
class Permits {
 public:
  Permits(void* state, const detail::DescriptorRef& descriptor)
      : state_(shared::state_of<BoundedState>(state)),
        initial_(static_cast<std::uint32_t>(shared::noted_count(descriptor))),
        guard(state_.guard) {}

  BoundedState* operator->() const noexcept { return &state_; }
  void* memory() const noexcept { return &state_; }
  // A process that was killed here had changed at most one count and not yet `value`.
  void repair() noexcept BROOD_REQUIRES(guard) {
    state_.guard.assume_held();
    std::uint64_t taken = state_.others;
    for (const Holder& holder : holders()) taken += holder.count;
    const std::uint32_t free =
        initial_ - static_cast<std::uint32_t>(std::min<std::uint64_t>(taken, initial_));
    state_.value = free;
    state_.from_the_dead = std::min<std::uint32_t>(state_.from_the_dead, free);
  }

  std::uint32_t free() const { return checked(state_.value.load()); }
  bool all_are_free() const { return free() == initial_; }
  /// Whether it is that of a dead process. There is one.
  bool take(const ProcessMark& self) BROOD_REQUIRES(guard);
  void give_back(const ProcessMark& self) BROOD_REQUIRES(guard);
  /// Those of dead processes, as free ones from now on: how many.
  std::uint32_t take_back() BROOD_REQUIRES(guard);

 private:
  std::uint32_t checked(std::uint64_t count) const {
    if (count > initial_) shared::throw_broken(&state_);
    return static_cast<std::uint32_t>(count);
  }
  std::span<Holder> holders() const noexcept BROOD_REQUIRES(guard) {
    state_.guard.assume_held();
    return {state_.rows(), rows_for(initial_)};
  }
  Holder* row_of(const ProcessMark& process) const noexcept BROOD_REQUIRES(guard) {
    return first_row(
        [&](const Holder& holder) { return holder.count != 0 && holder.process == process; });
  }
  template <class Wanted>
  Holder* first_row(Wanted wanted) const noexcept BROOD_REQUIRES(guard) {
    const auto found = std::ranges::find_if(holders(), wanted);
    return found == holders().end() ? nullptr : &*found;
  }

  BoundedState& state_;
  const std::uint32_t initial_;

 public:
  platform::RobustMutex& guard;  // the state's, which clang cannot know: hence assume_held()
};

bool Permits::take(const ProcessMark& self) {
  state_.guard.assume_held();
  const std::uint32_t left = free() - 1;
  const bool of_a_dead_one = state_.from_the_dead != 0;
  if (of_a_dead_one) --state_.from_the_dead;
  if (Holder* const own = row_of(self)) {
    own->count = checked(std::uint64_t{own->count} + 1);
  } else if (Holder* const unused = first_row([](const Holder& row) { return row.count == 0; })) {
    unused->process = self;
    std::atomic_signal_fence(std::memory_order_release);
    unused->count = 1;
  } else {
    state_.others = checked(std::uint64_t{state_.others} + 1);
  }
  state_.value = left;
  return of_a_dead_one;
}

void Permits::give_back(const ProcessMark& self) {
  state_.guard.assume_held();
  const std::uint32_t next = checked(std::uint64_t{free()} + 1);
  if (Holder* const own = row_of(self)) {
    --own->count;
  } else if (state_.others != 0) {
    --state_.others;
  } else if (Holder* const any = first_row([](const Holder& row) { return row.count != 0; })) {
    --any->count;
  }
  state_.value = next;
}

std::uint32_t Permits::take_back() {
  state_.guard.assume_held();
  std::uint32_t back = 0;
  for (Holder& holder : holders()) {
    const Holder found = holder;
    if (found.count == 0 || platform::is_alive(found.process)) continue;
    const std::uint32_t next = checked(std::uint64_t{free()} + found.count);
    // In this order: killed here, it lets one be told too often, and none too seldom.
    state_.from_the_dead += found.count;
    holder.count = 0;
    state_.value = next;
    back += found.count;
  }
  return back;
}

// Takes back what dead processes had.
void look_after_holders(Permits& permits, const detail::Deadline& deadline) {
  std::uint32_t back = 0;
  {
    const shared::Guard guard(permits, deadline);
    if (guard) back = permits.take_back();
  }
  if (back != 0)
    platform::futex_wake(permits->value, static_cast<int>(back), platform::FutexScope::shared);
}

std::uint32_t checked_permits(std::int64_t value) {
  if (value < 0 || value > most_permits)
    throw UsageError("brood: a BoundedSemaphore starts with 0 to 2'147'483'647 permits");
  return static_cast<std::uint32_t>(value);
}

}  // namespace

BoundedSemaphore::BoundedSemaphore(std::int64_t value) {
  const std::uint32_t permits = checked_permits(value);
  const shared::Object made = shared::make<BoundedState>(
      shared::Kind::bounded_semaphore, rows_for(permits) * sizeof(Holder), permits);
  shared::note_count(made.descriptor, permits);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

bool BoundedSemaphore::take(const detail::Deadline& deadline) const {
  Permits permits(state_, descriptor_);
  const ProcessMark self = platform::this_process();
  const shared::Guard guard(permits, deadline);
  if (!guard || permits.free() == 0) return false;
  descriptor_->holding().owner_died = permits.take(self);
  return true;
}

bool BoundedSemaphore::try_acquire() const {
  const detail::Deadline now = std::chrono::steady_clock::now();
  if (take(now)) return true;
  Permits permits(state_, descriptor_);
  look_after_holders(permits, now);
  return take(now);
}

bool BoundedSemaphore::acquire_by(const detail::Deadline& deadline) const {
  if (take(deadline)) return true;
  Permits permits(state_, descriptor_);
  look_after_holders(permits, deadline);
  shared::BackoffWait backoff(deadline, shared::BackoffWait::shortest);
  while (!take(deadline)) {
    permits->waiting.fetch_add(1);
    const bool in_time = backoff.sleep(permits->value, 0);
    permits->waiting.fetch_sub(1);
    if (!in_time) return take(deadline);
    if (permits.free() == 0 && permits->liveness_check.is_due())
      look_after_holders(permits, deadline);
  }
  return true;
}

void BoundedSemaphore::release() const {
  Permits permits(state_, descriptor_);
  const ProcessMark self = platform::this_process();
  {
    const shared::Guard guard(permits);
    if (permits.all_are_free())
      throw UsageError("brood: this BoundedSemaphore has all of its permits already");
    permits.give_back(self);
  }
  if (permits->waiting.load() != 0)
    platform::futex_wake(permits->value, 1, platform::FutexScope::shared);
}

std::int64_t BoundedSemaphore::value() const noexcept {
  const std::int64_t value = static_cast<const BoundedState*>(state_)->value.load();
  return std::min(value, static_cast<std::int64_t>(shared::noted_count(descriptor_)));
}

bool BoundedSemaphore::owner_died() const noexcept { return descriptor_->holding().owner_died; }

void BoundedSemaphore::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void BoundedSemaphore::load(InputArchive& archive) {
  const auto found = shared::take(archive, {shared::Kind::bounded_semaphore}, sizeof(BoundedState));
  const std::uint64_t permits =
      shared::count_in(found, static_cast<const BoundedState*>(found.state())->initial);
  if (permits > most_permits || rows_for(static_cast<std::uint32_t>(permits)) * sizeof(Holder) >
                                    found.room_after(sizeof(BoundedState)))
    shared::throw_another_kind();
  shared::note_count(found.descriptor, permits);
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

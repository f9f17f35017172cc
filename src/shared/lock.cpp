#include <brood/lock.hpp>

#include <cerrno>

#include <brood/errors.hpp>
#include "platform/shared_descriptor.hpp"
#include "shared/mutex_state.hpp"
#include "shared/object.hpp"

// States, invariants and races: locks.md.
namespace brood {
namespace detail {
namespace {

using shared::Kind;
using shared::MutexState;
using Result = platform::RobustMutex::Result;

MutexState& mutex_of(void* state) noexcept { return *static_cast<MutexState*>(state); }

bool is_recursive(const void* state) noexcept { return shared::kind_of(state) != Kind::lock; }

// Nobody else can release what this thread holds.
void wait_in_vain(const Deadline& deadline) {
  if (!deadline)
    throw UsageError(
        "brood: this thread holds the Lock already and would wait for itself for ever; use an "
        "RLock, or release it first");
  const std::atomic<std::uint32_t> never{0};
  while (platform::futex_wait(never, 0, deadline)) {
  }
}

// Trying tells without a look at who owns it, which glibc keeps to itself.
bool is_held_by_this_thread(MutexState& state) noexcept {
  const Result result = state.mutex.try_lock();
  if (result == Result::inherited) {
    state.depth.store(0, std::memory_order_relaxed);
    state.death_untold.store(true, std::memory_order_relaxed);
  }
  if (result == Result::taken || result == Result::inherited) state.mutex.unlock();
  return result == Result::mine;
}

}  // namespace

void MutexHandle::enter(bool after_a_death) const {
  MutexState& state = mutex_of(state_);
  state.depth.store(1, std::memory_order_relaxed);
  if (state.death_untold.load(std::memory_order_relaxed)) {
    state.death_untold.store(false, std::memory_order_relaxed);
    after_a_death = true;
  }
  SharedDescriptor::Holding& holding = descriptor_->holding();
  holding.pin = descriptor_;
  if (holding.owner_died.load(std::memory_order_relaxed) != after_a_death)
    holding.owner_died.store(after_a_death, std::memory_order_relaxed);
}

bool MutexHandle::enter_again(Deadline deadline) const {
  MutexState& state = mutex_of(state_);
  if (!is_recursive(state_)) {
    wait_in_vain(deadline);
    return false;
  }
  state.depth.store(state.depth.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return true;
}

bool MutexHandle::try_acquire() const {
  // A deadline that has passed: an own Lock is not waited for.
  return try_acquire_until(std::chrono::steady_clock::time_point{});
}

bool MutexHandle::try_acquire_until(Deadline deadline) const {
  MutexState& state = mutex_of(state_);
  Result result = state.mutex.try_lock();
  if (result == Result::mine) return enter_again(deadline);
  if (result == Result::busy) {
    if (deadline == std::chrono::steady_clock::time_point{}) return false;
    result = state.mutex.lock(deadline);
  }
  if (result == Result::busy) return false;
  enter(result == Result::inherited);
  return true;
}

void MutexHandle::acquire() const {
  if (!try_acquire_until(std::nullopt))
    throw SystemError("pthread_mutex_lock", "acquiring a lock", ENOTRECOVERABLE);
}

void MutexHandle::demand_held() const {
  if (is_held_by_this_thread(mutex_of(state_))) return;
  throw UsageError(
      "brood: only the thread that holds a lock can release it or wait on its condition; to "
      "release "
      "what another thread has acquired, use Semaphore(1)");
}

void MutexHandle::release() const {
  MutexState& state = mutex_of(state_);
  demand_held();
  const std::uint32_t depth = state.depth.load(std::memory_order_relaxed);
  if (depth > 1) return state.depth.store(depth - 1, std::memory_order_relaxed);
  release_all();
}

unsigned MutexHandle::release_all() const {
  MutexState& state = mutex_of(state_);
  const unsigned depth = state.depth.load(std::memory_order_relaxed);
  state.depth.store(0, std::memory_order_relaxed);
  const DescriptorRef pin = std::move(descriptor_->holding().pin);  // goes when it is unlocked
  state.mutex.unlock();
  return depth;
}

void MutexHandle::acquire_again(unsigned depth) const {
  acquire();
  mutex_of(state_).depth.store(depth, std::memory_order_relaxed);
}

bool MutexHandle::owner_died() const noexcept {
  return descriptor_ && descriptor_->holding().owner_died.load(std::memory_order_relaxed);
}

bool MutexHandle::locked() const noexcept {
  return mutex_of(state_).depth.load(std::memory_order_relaxed) != 0;
}

void MutexHandle::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void MutexHandle::load(InputArchive& archive) {
  const auto found = shared::take(archive, {Kind::lock, Kind::rlock, Kind::value, Kind::array},
                                  sizeof(MutexState));
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace detail

namespace {

using shared::Kind;

shared::Object new_mutex(Kind kind) { return shared::make<shared::MutexState>(kind, 0); }

}  // namespace

Lock::Lock() {
  const shared::Object made = new_mutex(Kind::lock);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

RLock::RLock() {
  const shared::Object made = new_mutex(Kind::rlock);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

}  // namespace brood

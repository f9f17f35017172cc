#include <brood/lock.hpp>

#include <limits>
#include <utility>

#include <brood/errors.hpp>
#include "shared/mutex_state.hpp"
#include "shared/object.hpp"
#include "transfer/shared_descriptor.hpp"

// States, invariants and races: locks.md.
namespace brood {
namespace detail {
namespace {

using shared::Kind;
using shared::MutexState;
using Result = platform::RobustMutex::Result;

MutexState& mutex_of(void* state) { return shared::state_of<MutexState>(state); }

// No other thread can release what this one holds.
void wait_in_vain(const Deadline& deadline) {
  if (!deadline)
    throw UsageError(
        "brood: this thread holds the Lock already and would wait for itself for ever; use an "
        "RLock, or release it first");
  const std::atomic<std::uint32_t> never{0};
  while (platform::futex_wait(never, 0, deadline)) {
  }
}

}  // namespace

void MutexHandle::enter(bool after_a_death) const {
  SharedDescriptor::Holding& holding = descriptor_->holding();
  holding.depth = 1;
  holding.mutex.pin() = descriptor_;
  if (holding.owner_died.load(std::memory_order_relaxed) != after_a_death)
    holding.owner_died.store(after_a_death, std::memory_order_relaxed);
}

bool MutexHandle::enter_again(Deadline deadline) const {
  if (shared::noted_kind(descriptor_) == Kind::lock) {
    wait_in_vain(deadline);
    return false;
  }
  SharedDescriptor::Holding& holding = descriptor_->holding();
  if (holding.depth == std::numeric_limits<std::uint32_t>::max())
    throw UsageError("brood: this thread has acquired the RLock 4'294'967'295 times already");
  ++holding.depth;
  return true;
}

bool MutexHandle::try_acquire() const {
  // A deadline that has passed: an own Lock is not waited for.
  return acquire_by(std::chrono::steady_clock::time_point{});
}

bool MutexHandle::acquire_by(Deadline deadline) const {
  MutexState& state = mutex_of(state_);
  platform::MutexHold& hold = descriptor_->holding().mutex;
  Result result = state.mutex.try_lock(hold);
  if (result == Result::busy) {
    if (deadline == std::chrono::steady_clock::time_point{}) return false;
    result = state.mutex.lock(hold, deadline);
  }
  switch (result) {
    case Result::mine:
      return enter_again(deadline);
    case Result::busy:
      return false;
    case Result::broken:
      shared::throw_broken(state_);
    case Result::taken:
    case Result::inherited:
      break;
  }
  enter(result == Result::inherited);
  return true;
}

void MutexHandle::acquire() const { acquire_by(std::nullopt); }

void MutexHandle::demand_held() const {
  if (state_ == nullptr) shared::throw_no_object();
  if (descriptor_->holding().mutex.is_mine()) return;
  throw UsageError(
      "brood: only the thread that holds a lock can release it or wait on its condition; to "
      "release "
      "what another thread has acquired, use Semaphore(1)");
}

void MutexHandle::release() const {
  demand_held();
  std::uint32_t& depth = descriptor_->holding().depth;
  if (depth > 1) {
    --depth;
    return;
  }
  release_all();
}

unsigned MutexHandle::release_all() const {
  SharedDescriptor::Holding& holding = descriptor_->holding();
  const unsigned depth = std::exchange(holding.depth, 0);
  const auto pin = std::move(holding.mutex.pin());  // goes when it is unlocked
  if (!static_cast<MutexState*>(state_)->mutex.unlock(holding.mutex)) shared::throw_broken(state_);
  return depth;
}

void MutexHandle::acquire_again(unsigned depth) const {
  acquire();
  descriptor_->holding().depth = depth;
}

bool MutexHandle::owner_died() const noexcept {
  return descriptor_ && descriptor_->holding().owner_died.load(std::memory_order_relaxed);
}

bool MutexHandle::locked() const noexcept {
  return static_cast<const MutexState*>(state_)->mutex.is_locked();
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

#include <brood/semaphore.hpp>

#include <algorithm>
#include <limits>

#include <brood/errors.hpp>
#include "shared/backoff_wait.hpp"
#include "shared/object.hpp"

namespace brood {
namespace {

constexpr std::int64_t highest_value = std::numeric_limits<std::int32_t>::max();

struct SemaphoreState {
  explicit SemaphoreState(std::uint32_t initial) : value(initial) {}
  std::atomic<std::uint32_t> value;
  std::atomic<std::uint32_t> waiting{
      0};  // at least as many as wait; a killed one is never taken off
};

SemaphoreState& semaphore_of(void* state) { return shared::state_of<SemaphoreState>(state); }

bool take(SemaphoreState& state) {
  std::uint32_t seen = state.value.load();
  while (seen != 0) {
    if (seen > highest_value) shared::throw_broken(&state);
    if (state.value.compare_exchange_weak(seen, seen - 1)) return true;
  }
  return false;
}

void add(SemaphoreState& state, std::uint32_t count) {
  std::uint32_t seen = state.value.load();
  do {
    if (seen > highest_value) shared::throw_broken(&state);
    if (seen + std::int64_t{count} > highest_value)
      throw UsageError("brood: a Semaphore cannot have more than 2'147'483'647 permits");
  } while (!state.value.compare_exchange_weak(seen, seen + count));
}

}  // namespace

Semaphore::Semaphore(std::int64_t value) {
  if (value < 0 || value > highest_value)
    throw UsageError("brood: a Semaphore starts with 0 to 2'147'483'647 permits");
  const shared::Object made =
      shared::make<SemaphoreState>(shared::Kind::semaphore, 0, static_cast<std::uint32_t>(value));
  descriptor_ = made.descriptor;
  state_ = made.state();
}

bool Semaphore::try_acquire() const { return take(semaphore_of(state_)); }

bool Semaphore::acquire_by(const detail::Deadline& deadline) const {
  SemaphoreState& state = semaphore_of(state_);
  shared::BackoffWait backoff(deadline);
  while (!take(state)) {
    state.waiting.fetch_add(1);
    const bool in_time = backoff.sleep(state.value, 0);
    state.waiting.fetch_sub(1);
    if (!in_time) return take(state);
    semaphore_of(state_);  // throws where it has been found broken meanwhile
  }
  return true;
}

void Semaphore::release(std::int64_t count) const {
  if (count < 0 || count > highest_value)
    throw UsageError("brood: a Semaphore is given 0 to 2'147'483'647 permits at a time");
  SemaphoreState& state = semaphore_of(state_);
  add(state, static_cast<std::uint32_t>(count));
  if (count != 0 && state.waiting.load() != 0)
    platform::futex_wake(state.value, static_cast<int>(count), platform::FutexScope::shared);
}

std::int64_t Semaphore::value() const noexcept {
  return std::min<std::int64_t>(static_cast<const SemaphoreState*>(state_)->value.load(),
                                highest_value);
}

void Semaphore::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void Semaphore::load(InputArchive& archive) {
  const auto found = shared::take(archive, {shared::Kind::semaphore}, sizeof(SemaphoreState));
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

#include <brood/event.hpp>

#include <climits>

#include "shared/backoff_wait.hpp"
#include "shared/object.hpp"

namespace brood {
namespace {

// Odd: set. Each change counts one on, so that a waiter sees that it was set even when it is not
// any more.
using Changes = std::atomic<std::uint32_t>;

constexpr bool means_set(std::uint32_t changes) noexcept { return changes % 2 == 1; }
Changes& changes_of(void* state) noexcept { return *static_cast<Changes*>(state); }

// Whether it made the change.
bool change_unless(bool (*done)(std::uint32_t), Changes& changes) noexcept {
  std::uint32_t seen = changes.load();
  while (!done(seen)) {
    if (changes.compare_exchange_weak(seen, seen + 1)) return true;
  }
  return false;
}

}  // namespace

Event::Event() {
  const shared::Object made = shared::make<Changes>(shared::Kind::event, 0, 0U);
  descriptor_ = made.descriptor;
  state_ = made.state();
}

void Event::set() const noexcept {
  Changes& changes = changes_of(state_);
  if (change_unless([](std::uint32_t seen) { return means_set(seen); }, changes))
    platform::futex_wake(changes, INT_MAX, platform::FutexScope::shared);
}

void Event::clear() const noexcept {
  change_unless([](std::uint32_t seen) { return !means_set(seen); }, changes_of(state_));
}

bool Event::is_set() const noexcept { return means_set(changes_of(state_).load()); }

bool Event::wait_by(const detail::Deadline& deadline) const {
  Changes& changes = changes_of(state_);
  const std::uint32_t before = changes.load();
  if (means_set(before)) return true;
  shared::BackoffWait backoff(deadline);
  while (changes.load() == before) {
    if (!backoff.sleep(changes, before)) return changes.load() != before;
  }
  return true;
}

void Event::save(OutputArchive& archive) const { shared::put(archive, descriptor_); }

void Event::load(InputArchive& archive) {
  const auto found = shared::take(archive, {shared::Kind::event}, sizeof(Changes));
  descriptor_ = found.descriptor;
  state_ = found.state();
}

}  // namespace brood

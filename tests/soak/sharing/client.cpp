#include "soak/sharing/client.hpp"

#include <atomic>
#include <chrono>
#include <optional>

#include "support/dice.hpp"

namespace brood::soak {
namespace {

using testing::Dice;

using namespace std::chrono_literals;

template <class Queue>
bool put(const Shared& shared, const Queue& queue, std::uint32_t value) {
  shared.marks[value] = static_cast<std::uint8_t>(Mark::being_put);
  const bool is_put = queue.put_for(value, 50ms);
  shared.marks[value] = static_cast<std::uint8_t>(is_put ? Mark::put : Mark::none);
  return is_put;
}

template <class Queue>
void get(const Shared& shared, const Queue& queue) {
  if (const auto value = queue.get_for(5ms)) note_got(shared, *value);
}

// The lock of a process that has died passes on, and says so.
template <class AnyLock>
void enter(const Shared& shared, const AnyLock& lock, const Value<std::uint32_t>& inside) {
  if (!lock.try_acquire_for(100ms)) return;
  if (inside.get() != 0 && !lock.owner_died()) shared.violations.set(1);
  inside.set(1);
  inside.set(0);
  lock.release();
}

}  // namespace

void note_got(const Shared& shared, std::uint32_t value) {
  std::atomic_ref<std::uint8_t>(shared.got[value]).fetch_add(1);
}

void client(const Shared& shared, std::uint32_t number, std::uint64_t seed) {
  Dice dice(seed);
  std::uint32_t next = number * static_cast<std::uint32_t>(values_per_client);
  const std::uint32_t end = next + static_cast<std::uint32_t>(values_per_client);
  while (!shared.over.is_set()) {
    switch (dice.up_to(5)) {
      case 0:
        if (next < end && put(shared, shared.queue, next)) ++next;
        break;
      case 1:
        if (next < end && put(shared, shared.managed, next)) ++next;
        break;
      case 2:
        get(shared, shared.queue);
        break;
      case 3:
        get(shared, shared.managed);
        break;
      case 4:
        enter(shared, shared.lock, shared.inside);
        break;
      default:
        enter(shared, shared.managed_lock, shared.managed_inside);
    }
  }
}

}  // namespace brood::soak

#include "manager/client/holdings.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "platform/process.hpp"

namespace brood::manager {
namespace {

/// Only a hint: the server knows which thread holds a lock, and a condition's lock may be acquired
/// by way of the one and released by way of the other.
struct Held {
  detail::ManagedRef without_lease;
  std::weak_ptr<const detail::SharedDescriptor> lease;  // a lock lives as long as its proxies
  Abandon abandon = nullptr;
  std::size_t count = 0;
};
struct Holdings {
  unsigned generation = platform::fork_generation();  // a forked child's thread holds nothing
  std::vector<Held> held;

  auto find(const detail::ManagedRef& lock) {
    return std::find_if(held.begin(), held.end(),
                        [&](const Held& one) { return one.without_lease == lock; });
  }
  void forget_gone() {
    std::erase_if(held, [](const Held& one) { return one.lease.expired(); });
  }
};

void abandon(const Held& held) {
  const detail::DescriptorRef lease = held.lease.lock();
  if (!lease) return;
  const detail::ManagedRef& lock = held.without_lease;
  held.abandon(detail::make_ref(server_of(lock), object_of(lock), lease));
}

// Behind the thread's own objects, whose destructors may release locks (pthread_key_create(3)).
void end_of_thread(void* argument) noexcept {
  const std::unique_ptr<Holdings> holdings(static_cast<Holdings*>(argument));
  if (holdings->generation != platform::fork_generation()) return;
  for (const Held& held : holdings->held) {
    try {
      abandon(held);
    } catch (const std::exception&) {
      // The server has ended, or takes it for held until this process ends.
    }
  }
}

std::optional<pthread_key_t> holdings_key() noexcept {
  static const std::optional<pthread_key_t> key = []() -> std::optional<pthread_key_t> {
    pthread_key_t made{};
    if (pthread_key_create(&made, end_of_thread) != 0) return std::nullopt;
    return made;
  }();
  return key;
}

Holdings* holdings() noexcept {
  const auto key = holdings_key();
  if (!key) return nullptr;
  auto* const found = static_cast<Holdings*>(pthread_getspecific(*key));
  if (found != nullptr && found->generation != platform::fork_generation()) {
    found->held.clear();
    found->generation = platform::fork_generation();
  }
  return found;
}

Holdings& holdings_or_new() {
  if (Holdings* const found = holdings()) return *found;
  auto made = std::make_unique<Holdings>();
  if (const auto key = holdings_key(); !key || pthread_setspecific(*key, made.get()) != 0)
    throw std::bad_alloc();
  return *made.release();
}

}  // namespace

void note_acquired(const detail::ManagedRef& lock, Abandon abandon) noexcept try {
  Holdings& here = holdings_or_new();
  if (const auto known = here.find(lock); known != here.held.end()) {
    ++known->count;
    return;
  }
  here.forget_gone();
  here.held.push_back(
      {detail::make_ref(server_of(lock), object_of(lock), nullptr), lease_of(lock), abandon, 1});
} catch (const std::exception&) {
  // Without memory: the lock is held, and stays so until this process ends.
}

void note_released(const detail::ManagedRef& lock) noexcept {
  Holdings* const here = holdings();
  if (here == nullptr) return;
  const auto known = here->find(lock);
  if (known != here->held.end() && --known->count == 0) here->held.erase(known);
}

}  // namespace brood::manager

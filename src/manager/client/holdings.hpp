#pragma once

#include <brood/detail/manager/ref.hpp>

// What the calling thread holds of managed locks: when it ends, the servers are told.
namespace brood::manager {

/// Tells the server that the calling thread ends with the lock.
using Abandon = void (*)(const detail::ManagedRef& lock);

/// It has acquired this one, once more.
void note_acquired(const detail::ManagedRef& lock, Abandon abandon) noexcept;
void note_released(const detail::ManagedRef& lock) noexcept;

}  // namespace brood::manager

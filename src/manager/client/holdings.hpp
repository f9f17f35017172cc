#pragma once

#include <brood/detail/manager/ref.hpp>

// What the calling thread holds of managed locks: when it ends, the servers are told.
namespace brood::manager {

/// It has acquired this one, once more. `abandon` is what is called in the server when it ends.
void note_acquired(const detail::ManagedRef& lock, detail::ServedStub abandon) noexcept;
void note_released(const detail::ManagedRef& lock) noexcept;

}  // namespace brood::manager

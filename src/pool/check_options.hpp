#pragma once

#include <span>

#include <brood/detail/bytes.hpp>
#include <brood/options.hpp>

namespace brood::pool {

/// Throws UsageError, with the name of the option and what is possible, for one out of range.
void check(const PoolOptions& options);
void check(const CallOptions& options);
/// Throws UsageError for shared objects that workers in this sandbox may not be sent.
void check_attached(std::span<const detail::DescriptorRef> attached,
                    const detail::SandboxTerms& sandbox);

}  // namespace brood::pool

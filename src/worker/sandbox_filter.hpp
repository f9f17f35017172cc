#pragma once

#include <brood/detail/sandbox_terms.hpp>
#include "platform/seccomp.hpp"

namespace brood::worker {

/// The system calls that a worker may make in a sandbox: see docs/security.md. Of this process: its
/// pid is in the rules.
platform::SeccompFilter filter_for(const detail::SandboxTerms& terms);

}  // namespace brood::worker

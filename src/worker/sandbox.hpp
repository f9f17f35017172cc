#pragma once

#include <brood/detail/sandbox_terms.hpp>

namespace brood::worker {

/// Puts this process, with all of its threads, into the sandbox, for ever. `owner` and `channel`
/// are what it watches its owner by. README.md has the steps. Throws SystemError where the system
/// refuses one that `terms` does not let it go without.
void enter_sandbox(const detail::SandboxTerms& terms, int owner, int channel);

}  // namespace brood::worker

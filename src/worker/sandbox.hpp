#pragma once

#include <brood/detail/sandbox_terms.hpp>

namespace brood::worker {

/// Puts this process, with all of its threads, into the sandbox, for ever. `owner` is its owner's
/// pidfd. README.md has the steps. Throws SystemError where the system refuses one that `terms`
/// does not let it go without.
void enter_sandbox(const detail::SandboxTerms& terms, int owner);

}  // namespace brood::worker

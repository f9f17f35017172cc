#pragma once

namespace brood::platform {

/// Exit code of a process that its owner's end has ended.
inline constexpr int exit_orphaned = 83;

/// Starts the thread that ends this process when the process behind `owner_pidfd` has ended. A
/// negative number: no watch.
void watch_owner(int owner_pidfd);

}  // namespace brood::platform

#pragma once

namespace brood::platform {

/// Exit code of a process that its owner's end has ended.
inline constexpr int exit_orphaned = 83;

/// Starts the thread that ends this process when the process behind `owner_pidfd` has ended. A
/// negative number: no watch.
void watch_owner(int owner_pidfd);
/// Ends that thread again; nothing where there is none. Blocks for a moment.
void stop_watching_owner() noexcept;

}  // namespace brood::platform

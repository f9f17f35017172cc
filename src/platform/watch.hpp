#pragma once

namespace brood::platform {

/// Exit code of a process that its owner's end has ended.
inline constexpr int exit_orphaned = 83;

/// Asked when the owner has ended, in the thread that watches it: whether what runs here is to have
/// half a second before the process is ended. Null: it is not.
void before_orphan_ends(bool (*wants_time)()) noexcept;
/// Starts the thread that ends this process when the process behind `owner_pidfd` has ended, or the
/// other end of the socket `channel` is closed. Negative numbers: no watch.
void watch_owner(int owner_pidfd, int channel = -1);
/// Ends that thread again; nothing where there is none. Blocks for a moment.
void stop_watching_owner() noexcept;

}  // namespace brood::platform

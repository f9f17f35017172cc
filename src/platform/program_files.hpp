#pragma once

namespace brood::platform {

/// In a process that was forked from the program to serve it: the program's pipes and sockets lead
/// nowhere from now on, for a reader at another end may wait until the last copy is closed. Other
/// files, the library's descriptors, those of shared objects and `kept` stay. Best effort: where
/// /proc cannot be read all stay.
void let_go_of_pipes_and_sockets(int kept) noexcept;

}  // namespace brood::platform

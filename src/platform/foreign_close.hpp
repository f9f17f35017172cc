#pragma once

#include <cstddef>

namespace brood::platform {

// Closing what another process has made, or can send to. The last close of an open file may wait
// for as long as that process likes: of a TCP socket until what it has sent is acknowledged
// (SO_LINGER, socket(7)), of a Unix socket for those that wait unread in it, of a pipe for its
// lock, which a writer may hold, of a file for the file system behind it.

/// Closes `number` and never waits for what another process has made of it. It is free when this
/// returns; that of a file whose file system is slow to close it, as one that a process serves
/// (FUSE) may be, is free later. Where 32 threads wait for closes already, or none can be started,
/// it stays open until one of the next calls can close it. Cost: 40 us for a socket, a pipe, an
/// eventfd and their like, 20 us for a file on a disk, none for memory.
void close_foreign(int number) noexcept;

/// How many stay open for that.
std::size_t kept_open() noexcept;

/// Whether this process closes everything as it is: a worker does, whose owner has timeouts for it,
/// and which may be forbidden to start threads. Forked processes inherit it.
void set_closes_may_wait(bool may) noexcept;
bool closes_may_wait() noexcept;

}  // namespace brood::platform

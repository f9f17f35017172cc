#pragma once

#include <cstddef>
#include <initializer_list>

// Processes that the user's code forks while it runs in one of ours: a library that forks and
// execs, or forks and forgets. Such a copy has our memory and our descriptors, but is none of ours.
namespace brood::platform {

/// Exit code of a copy that came back into the library.
inline constexpr int exit_copy = 86;

/// What is between this process and its owner, and must not be between its copies and that owner:
/// at most three descriptors, and shared memory. From now on a process that fork(2) makes of this
/// one has, in place of them, descriptors that lead nowhere and memory of its own, before fork
/// returns there; a number that is another file's by then is left alone. Costs a fork some
/// microseconds. One channel for a process; the last one counts. Not seen: a bare clone(2).
void keep_from_copies(std::initializer_list<int> descriptors, void* memory = nullptr,
                      std::size_t size = 0) noexcept;
/// The same for all private descriptors of the library, as many as there are: those of a server.
/// Except in processes that the library itself forks.
void keep_all_from_copies() noexcept;

/// Ends a copy, with a line on stderr; writes no buffers, for these are the original's.
[[noreturn]] void end_copy() noexcept;
/// In a copy: ends it. Nothing in the process that called keep_from_copies last, or where none did.
/// Call where the user's code has returned.
void end_if_copy() noexcept;
/// How many copies have ended so since the last call, if this process has forked any.
unsigned copies_ended() noexcept;

}  // namespace brood::platform

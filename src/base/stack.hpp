#pragma once

#include <cstdint>

namespace brood::base {

/// The lowest address that stack frames of the calling thread may reach while a value of any depth
/// is encoded or decoded, which begins at the frame `here`: a quarter of the stack that is left
/// then stays free, for the destructors of what was made and for what throws an exception. On a
/// stack that is not the thread's own (of a coroutine) 32 KiB are granted. Stacks grow downwards.
/// Cost: nanoseconds; the first call of a thread asks the system.
std::uintptr_t lowest_frame(std::uintptr_t here) noexcept;

/// Asks the system now, for this thread and for all processes that it forks: the answer for the
/// first thread of a process stands in a file of all its mappings.
void ask_for_stack() noexcept;

}  // namespace brood::base

#pragma once

#include "protocol/last_words.hpp"

namespace brood::worker {

/// From now on a signal that ends this process by a fault, an abort or the end of its CPU time
/// leaves its last words there, and exit(3) its code; the process ends by it as before. Signals
/// that something else handles already, a sanitizer say, are left alone. Also of a stack overflow
/// in this thread, which gets a stack for signals unless it has one. `words` must live as long as
/// the process.
void leave_last_words_in(protocol::LastWords& words);

/// Makes that work where no file can be opened any more, and takes SIGSYS, by which a sandbox
/// refuses system calls, also from what has handled it until now.
void keep_last_words() noexcept;

}  // namespace brood::worker

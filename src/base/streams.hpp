#pragma once

namespace brood::base {

/// Of a process that ends by _exit: writes what is buffered. Waits for no stream that another
/// thread reads.
void flush_at_exit();
/// In a process that was just forked: what is buffered in stdio's streams for writing is the other
/// one's to write. Locks nothing.
void drop_unflushed() noexcept;

}  // namespace brood::base

#pragma once

namespace brood::base {

/// Of a process that ends by _exit: writes what is buffered. Waits for no stream that another
/// thread reads.
void flush_at_exit();

}  // namespace brood::base

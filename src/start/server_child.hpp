#pragma once

#include "start/method.hpp"

namespace brood::start {

/// In a process that was just forked to be a worker: goes to `directory` unless that is -1, puts
/// the descriptors where every worker has them, closes all others, waits at the gate, unless that
/// is -1, for the server's word that the owner knows of this process, and runs the worker. `door`
/// is the server's, -1 for none.
[[noreturn]] void become_worker(const char* process_name, const Handover& received, int directory,
                                int gate, int door) noexcept;

/// Socket through which this process, a worker, may connect to the fork server that made it; -1
/// where none did.
int server_door() noexcept;
void close_server_door() noexcept;

}  // namespace brood::start

#pragma once

#include "start/method.hpp"

namespace brood::start {

/// In a process that was just forked to be a worker: goes to `directory` unless that is -1, puts
/// the descriptors where every worker has them, closes all others, waits at the start gate, unless
/// that is -1, for the server's word that the owner knows of this process, and runs the worker.
/// `server_socket` is the server's, -1 for none.
[[noreturn]] void become_worker(const char* process_name, const WorkerDescriptors& received,
                                int directory, int start_gate, int server_socket) noexcept;

/// Socket through which this process, a worker, may connect to the fork server that made it; -1
/// where none did.
int server_socket() noexcept;
void close_server_socket() noexcept;

}  // namespace brood::start

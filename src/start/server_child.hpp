#pragma once

#include "start/method.hpp"

namespace brood::start {

/// In a process that a server has just forked: goes to `directory` unless that is -1, puts the
/// descriptors where every worker has them,
/// closes all others, waits at the gate for the server's word that the owner knows of this process,
/// and runs the worker.
[[noreturn]] void become_worker(const char* process_name, const Handover& received, int directory,
                                int gate) noexcept;

}  // namespace brood::start

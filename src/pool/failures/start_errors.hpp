#pragma once

#include <exception>
#include <string>

#include "pool/failures/crash_report.hpp"
#include "pool/scheduler/types.hpp"
#include "protocol/messages.hpp"

// Why a worker has not come up.
namespace brood::pool {

/// Throws StartError if the greeting is not that of a worker of this program.
void check_greeting(const protocol::GreetingHeader& greeting, const std::string& method);

/// Whether a worker that is not ready, and was asked for at `since`, has had its time.
bool is_late(Time since, Nanoseconds start_timeout, Time now);

/// The StartError of a worker that has ended before it was ready.
std::exception_ptr why_not_ready(const WorkerHistory& worker, const WorkerExit& exit,
                                 const std::string& method, Nanoseconds start_timeout,
                                 Time now) noexcept;

}  // namespace brood::pool

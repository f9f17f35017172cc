#include "pool/failures/start_errors.hpp"

#include <chrono>
#include <new>

#include <brood/errors.hpp>
#include "pool/failures/errors.hpp"
#include "wire/code_ref.hpp"

namespace brood::pool {

namespace {

constexpr const char* another_build =
    "the worker runs another build of this program: the file was replaced while it ran; restart "
    "the program";

// The worker may be of a build whose page looks otherwise: what it says by its exit code is
// understood by any two.
std::string what_it_says(const WorkerHistory& worker, const ExitStatus& status) {
  if (!worker.greeted && status.kind == ExitStatus::Kind::exited) {
    if (status.value == protocol::exit_mismatch) return another_build;
    if (status.value == protocol::exit_no_page)
      return "the worker has not got the memory that it shares with its owner: a launcher passes "
             "on all descriptors of its command, and system calls are not refused; or the "
             "program's "
             "file was replaced while it ran";
  }
  return worker.name + " ended before it was ready: " + status.describe();
}

}  // namespace

void check_greeting(const protocol::GreetingHeader& greeting, const std::string& method) {
  if (greeting.version != protocol::version || greeting.build != wire::program_build_id())
    throw StartError(method, "greeting", another_build);
}

bool is_late(Time since, Nanoseconds start_timeout, Time now) {
  return now - since >= start_timeout;
}

std::exception_ptr why_not_ready(const WorkerHistory& worker, const WorkerExit& exit,
                                 const std::string& method, Nanoseconds start_timeout,
                                 Time now) noexcept try {
  if (!exit.report) return out_of_memory();
  std::string reason = what_it_says(worker, exit.status);
  if (exit.status.kind == ExitStatus::Kind::signaled) reason += ": " + exit.report->describe();
  if (is_late(worker.since, start_timeout, now)) {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(start_timeout);
    reason = worker.name + " was stopped: it was not ready within " +
             std::to_string(limit.count()) + " ms (start_timeout)";
  }
  const char* const stage = worker.greeted ? "initializer" : "greeting";
  return std::make_exception_ptr(StartError(method, stage, reason, exit.status));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

}  // namespace brood::pool

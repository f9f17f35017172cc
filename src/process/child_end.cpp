// Runs in the child: the callable, and everything that its end sets off.
#include <cxxabi.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include "base/exit_hooks.hpp"
#include "base/log.hpp"
#include "base/printable.hpp"
#include "base/streams.hpp"
#include "platform/copies.hpp"
#include "platform/identity.hpp"
#include "platform/pipe.hpp"
#include "platform/sentinel.hpp"
#include "process/child.hpp"
#include "start/method.hpp"
#include "wire/exception.hpp"

namespace brood::process {
namespace {

constexpr int exit_threw = 1;

// A handler of on_exit can be given nothing else.
constinit int report_to = -1;
constinit platform::FileIdentity report_file;
constinit pid_t teller = -1;  // not what the callable has forked

// Not where the callable has closed the number and has a file of its own there.
void tell(std::int32_t code) noexcept {
  if (teller != ::getpid() || !report_file.is_at(report_to)) return;
  try {
    platform::send_all(report_to, std::as_bytes(std::span(&code, 1)));
  } catch (...) {
    // It is asked for only where the system cannot tell the code.
  }
}

/// The last handler of std::exit in this process: what stands behind it belongs to the process that
/// this one was forked from, or to static objects of a program that goes on elsewhere.
void leave(int status, void*) {
  base::flush_at_exit();
  start::drop_forkserver();  // reaped here, it is no orphan
  tell(status & 0xff);
  ::_exit(status);
}

void log_hook_failure() {
  base::log_warning("an exit hook threw " + wire::describe_exception(std::current_exception()));
}

int run(detail::ProcessTarget& target) {
  try {
    target.run();
    platform::end_if_copy();
    return EXIT_SUCCESS;
  } catch (const abi::__forced_unwind&) {
    std::exit(EXIT_SUCCESS);  // pthread_exit: the watch would keep the process alive for ever
    throw;                    // not reached, but demanded of such a handler
  } catch (...) {
    platform::end_if_copy();
    const std::string text = "Process " + platform::process_name() + ": " +
                             wire::describe_exception(std::current_exception()) + '\n';
    std::fputs(base::printable(text).c_str(), stderr);
    return exit_threw;
  }
}

}  // namespace

void run_to_the_end(int report, std::unique_ptr<detail::ProcessTarget> target) {
  report_to = report;
  report_file = platform::FileIdentity::of(report);
  teller = ::getpid();
  platform::keep_from_copies({report});
  if (::on_exit(&leave, nullptr) != 0) ::_exit(exit_threw);
  base::open_exit_hooks(base::HooksRun::at_exit, &log_hook_failure);
  const int code = run(*target);
  target.reset();  // what it holds, a Connection say, is closed before others are waited for
  std::exit(code);
}

}  // namespace brood::process

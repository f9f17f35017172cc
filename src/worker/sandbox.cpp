#include "worker/sandbox.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "base/closed_files.hpp"
#include "base/log.hpp"
#include "platform/descriptor.hpp"
#include "platform/landlock.hpp"
#include "platform/privileges.hpp"
#include "platform/process.hpp"
#include "platform/process_mark.hpp"
#include "platform/watch.hpp"
#include "worker/last_words.hpp"
#include "worker/sandbox_filter.hpp"

namespace brood::worker {
namespace {

using platform::Landlocked;

void do_without(const detail::SandboxTerms& terms, const std::string& what) {
  if (!terms.warn) throw Error(what);
  base::log_warning("the sandbox of this worker is incomplete: " + what);
}

// One that has been joined is listed for a moment longer.
int threads_beside_this() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  int count = platform::count_threads() - 1;
  while (count != 0 && std::chrono::steady_clock::now() < end) {
    ::poll(nullptr, 0, 1);
    count = platform::count_threads() - 1;
  }
  return count;
}

// A terminal that is written to can be read as well: a task would get what is typed there.
void keep_from_reading_terminals(const detail::SandboxTerms& terms) {
  for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
    const int flags = ::fcntl(number, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || ::isatty(number) == 0) continue;
    const std::string itself = "/proc/self/fd/" + std::to_string(number);
    const platform::Descriptor written(
        ::open(itself.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | (flags & O_NONBLOCK)));
    if (!written || ::dup2(written.get(), number) < 0)
      do_without(terms, "the terminal of descriptor " + std::to_string(number) +
                            " cannot be opened for writing alone");
  }
}

// Landlock is a thread's own, unlike the filter: one that runs already could open files for a task.
// Without paths to allow, the filter lets no thread open any.
void restrict_files(const detail::SandboxTerms& terms) {
  std::vector<platform::PathGrant> grants;
  for (const std::string& path : terms.readable) grants.push_back({path, false});
  for (const std::string& path : terms.writable) grants.push_back({path, true});
  const int threads = grants.empty() ? 0 : threads_beside_this();
  if (threads != 0)
    do_without(terms, "paths cannot be kept to by the " + std::to_string(threads) +
                          " threads that the initializer has left running");
  if (platform::keep_to(grants) == Landlocked::no && !grants.empty())
    do_without(terms,
               "this kernel has no Landlock, which keeps a task to the paths that it may open");
}

void refuse_calls(const detail::SandboxTerms& terms) try {
  filter_for(terms).install();
  base::files_are_closed = true;
} catch (const SystemError& failure) {
  if (failure.call() != "seccomp") throw;
  do_without(terms, "this kernel cannot refuse system calls: " + std::string(failure.what()));
}

}  // namespace

void enter_sandbox(const detail::SandboxTerms& terms, int owner, int channel) {
  static_cast<void>(platform::this_process());  // asks /proc
  keep_last_words();
  keep_from_reading_terminals(terms);
  platform::drop_environment();
  platform::stop_watching_owner();  // its thread would keep what the next steps take away
  platform::drop_privileges();
  restrict_files(terms);
  platform::watch_owner(owner, channel);
  refuse_calls(terms);
}

}  // namespace brood::worker

// Runs in a copy of the owner's memory.
#include <fcntl.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <utility>

#include "base/module.hpp"
#include "base/streams.hpp"
#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "platform/watch.hpp"
#include "process/child.hpp"
#include "start/before_fork.hpp"
#include "start/entry.hpp"

namespace brood::process {
namespace {

/// The same file at a number that what the callable opens does not get, also when it has closed
/// this one.
int lift(int number) noexcept {
  const int lowest = platform::unreserved(start::worker_descriptors().report);
  const int lifted = ::fcntl(number, F_DUPFD_CLOEXEC, lowest);
  if (lifted < 0) return number;
  platform::own_descriptors.insert(lifted);
  platform::own_descriptors.erase(number);
  ::close(number);
  return lifted;
}

}  // namespace

void run_forked(const ForkedChannel& channel, base::Identity identity,
                std::unique_ptr<detail::ProcessTarget> target) {
  base::drop_unflushed();
  __fpurge(stdin);  // what was read ahead is the parent's to use
  const int kept[] = {channel.report, channel.owner, channel.start_gate};
  platform::replace_own_descriptors(kept, std::size(kept));
  platform::prepare_stdio();
  const int report = lift(channel.report), owner = lift(channel.owner);
  platform::set_identity(std::move(identity), owner);
  base::set_loading(base::Loading::allowed);
  if (!start::pass_start_gate(channel.start_gate)) ::_exit(platform::exit_orphaned);
  platform::before_orphan_ends(nullptr);  // of a worker
  platform::watch_owner(owner);
  run_to_the_end(report, std::move(target));
}

}  // namespace brood::process

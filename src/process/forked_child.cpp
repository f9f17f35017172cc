// Runs in a copy of the owner's memory.
#include <stdio_ext.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <utility>

#include "base/module.hpp"
#include "base/streams.hpp"
#include "platform/process.hpp"
#include "platform/watch.hpp"
#include "process/child.hpp"
#include "start/before_fork.hpp"

namespace brood::process {
void run_forked(const ForkedChannel& channel, platform::Identity identity,
                std::unique_ptr<detail::ProcessTarget> target) {
  base::drop_unflushed();
  __fpurge(stdin);  // what was read ahead is the parent's to use
  const int kept[] = {channel.report, channel.owner, channel.gate};
  platform::replace_own_descriptors(kept, std::size(kept));
  platform::prepare_stdio();
  identity.parent = channel.owner;
  platform::set_identity(std::move(identity));
  base::set_loading(base::Loading::allowed);
  if (!start::pass_gate(channel.gate)) ::_exit(platform::exit_orphaned);
  platform::watch_owner(channel.owner);
  run_to_the_end(channel.report, std::move(target));
}

}  // namespace brood::process

#include "worker/result_pipe.hpp"

#include <unistd.h>

#include <brood/errors.hpp>

#include "platform/pipe.hpp"
#include "worker/worker.hpp"

namespace brood::worker {

void ResultPipe::write(std::span<const std::byte> bytes) try {
  if (!platform::write_all_unguarded(descriptor_, bytes))
    ::_exit(exit_orphaned);  // nobody reads: the owner is gone
} catch (const SystemError& failure) {
  end_if_closed(failure.code().value());
  throw;
}

bool ResultPipe::escort(std::uint64_t job, const detail::DescriptorRef& descriptor) {
  if (!escort_)
    throw UsageError(
        "this worker has no socket for the descriptor of a shared object: its launcher has closed "
        "it");
  std::span<const detail::DescriptorRef> left(&descriptor, 1);
  const platform::SendState state = escort_.send(job, left);
  if (state == platform::SendState::gone) ::_exit(exit_orphaned);
  return state == platform::SendState::sent;
}

void ResultPipe::wait_for_escort() { escort_.wait_for_room(); }

}  // namespace brood::worker

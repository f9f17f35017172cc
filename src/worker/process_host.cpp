#include "worker/process_host.hpp"

#include <poll.h>
#include <unistd.h>
#include <cerrno>
#include <string>

#include <brood/errors.hpp>

#include "base/log.hpp"
#include "platform/copies.hpp"
#include "platform/pipe.hpp"
#include "platform/system_calls.hpp"
#include "platform/watch.hpp"
#include "protocol/messages.hpp"
#include "protocol/page.hpp"

namespace brood::worker {

static_assert(exit_orphaned == platform::exit_orphaned);

namespace {
// Where a task has closed the channel, its worker is of no use any more.
void end_if_closed(int error) noexcept {
  if (error == EBADF) ::_exit(protocol::exit_closed_channel);
}
}  // namespace

// A worker that has just answered may have its next task at once.
std::size_t ProcessHost::read(std::span<std::byte> target) {
  const platform::Transfer transfer = platform::spin_read(tasks_, target, spin_);
  if (transfer.state == platform::Transfer::State::moved) return transfer.count;
  end_if_closed(transfer.error);
  return 0;
}

void ProcessHost::wake_owner() try {
  if (!platform::write_all_unguarded(results_, std::span(&protocol::wake_up, 1)))
    ::_exit(exit_orphaned);  // the read end is closed: the owner is gone
} catch (const SystemError& failure) {
  end_if_closed(failure.code().value());
  throw;
}

// Not for ever: an owner that has lost this worker, or its own descriptors, reads no more.
void ProcessHost::sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  constexpr std::chrono::seconds look_up{1};
  const auto deadline = std::chrono::steady_clock::now() + look_up;
  if (platform::futex_wait(word, value, deadline, platform::FutexScope::shared)) return;
  pollfd owner{results_, 0, 0};
  if (platform::system_calls().poll(&owner, 1, 0) <= 0) return;
  if ((owner.revents & POLLNVAL) != 0) ::_exit(protocol::exit_closed_channel);
  if ((owner.revents & (POLLERR | POLLHUP)) != 0) ::_exit(exit_orphaned);
}

bool ProcessHost::send_descriptor(std::uint64_t job, const detail::DescriptorRef& descriptor) {
  if (!descriptor_channel_)
    throw UsageError(
        "this worker has no socket for the descriptor of a shared object: its launcher has closed "
        "it");
  std::span<const detail::DescriptorRef> left(&descriptor, 1);
  const platform::SendState state = descriptor_channel_.send(job, left);
  if (state == platform::SendState::gone) ::_exit(exit_orphaned);
  return state == platform::SendState::sent;
}

detail::DescriptorRef ProcessHost::find(detail::SharedDescriptor::Token token) const {
  return std::this_thread::get_id() == serving_ ? descriptor_channel_.find(token) : nullptr;
}

void ProcessHost::end_if_copy() noexcept { platform::end_if_copy(); }

void ProcessHost::tell_of_copies() {
  if (const unsigned count = platform::copies_ended(); count != 0) {
    base::log_warning("processes that a task has forked came back from it and were ended: " +
                      std::to_string(count));
  }
}

bool ProcessHost::is_serving_thread() const noexcept {
  return std::this_thread::get_id() == serving_ && generation_ == platform::fork_generation();
}

void ProcessHost::end(int code) { ::_exit(code); }

}  // namespace brood::worker

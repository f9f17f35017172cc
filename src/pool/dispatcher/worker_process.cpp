#include "pool/dispatcher/worker_process.hpp"

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "base/log.hpp"
#include "platform/futex.hpp"
#include "platform/memory_barrier.hpp"
#include "platform/pipe.hpp"
#include "protocol/messages.hpp"

namespace brood::pool {

void WorkerProcess::make_page() {
  mapping =
      platform::SharedMapping::create("brood-worker", protocol::page_size,
                                      {protocol::WorkerPage::buffer_size, protocol::rings_in_page});
  mapping.keep_from_forks();  // a worker maps its own page anew, by its descriptor
  set_page(mapping.data());
  relies_on_barrier = platform::has_process_barriers();
  page().barrier_by_owner.store(relies_on_barrier ? 1 : 0);
}

void WorkerProcess::make_output() {
  std::vector<detail::DescriptorRef> sockets;
  output = WorkerOutput::make(name, sandboxed, page().output_reads, sockets);
  outbox.attach(protocol::output_attachment_group, sockets);
}

bool WorkerProcess::receive_wake_ups() {
  using State = platform::Transfer::State;
  std::array<std::byte, 16> bytes;
  const platform::Transfer transfer = platform::receive_some(wake_ups.get(), bytes);
  if (transfer.error == EBADMSG)
    throw CodecError(CodecError::Direction::decode, "message of a worker",
                     "descriptors came with it");
  if (transfer.state == State::moved) take_wake_ups(std::span(bytes).first(transfer.count));
  return transfer.state == State::moved || transfer.state == State::would_block;
}

void WorkerProcess::wake_owner() noexcept {
  platform::futex_wake(page().owner_waits, 1, platform::FutexScope::shared);
}

void WorkerProcess::wake_worker() noexcept {
  platform::futex_wake(page().worker_waits, 1, platform::FutexScope::shared);
}

void WorkerProcess::wake_for_stop() noexcept {
  platform::futex_wake(page().stop_requests, 1, platform::FutexScope::shared);
}

platform::SendState WorkerProcess::send_now(std::uint64_t attachment_group,
                                            std::span<const detail::DescriptorRef>& unsent) {
  const auto warn = [](const Error& failure) {
    base::log_warning(std::string("a shared object could not be sent to a worker: ") +
                      failure.what());
    return platform::SendState::sent;
  };
  try {
    const platform::SendState state = descriptor_channel.send(attachment_group, unsent);
    return state == platform::SendState::gone ? platform::SendState::sent : state;
  } catch (const SystemError& refused) {
    // By an option of the worker's end (SO_PASSRIGHTS): it would fail all that come to it.
    if (refused.code().value() == EPERM) return platform::SendState::gone;
    return warn(refused);
  } catch (const Error& failure) {  // a connection that has been closed meanwhile
    return warn(failure);
  }
}

}  // namespace brood::pool

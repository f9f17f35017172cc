#include "pool/dispatcher/worker_process.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <brood/errors.hpp>
#include "base/log.hpp"

namespace brood::pool {

namespace {
constexpr std::size_t parts_per_write = 16;
}

void WorkerProcess::make_page() {
  mapping = platform::SharedMapping::create("brood-worker", sizeof(protocol::WorkerPage));
  mapping.keep_from_forks();  // a worker maps its own page anew, by its descriptor
  set_page(mapping.data());
}

platform::Transfer WorkerProcess::receive() {
  const auto room = stream.stream().room();
  if (room.size() >= detail::large_memory && room.data() + room.size() != advised_) {
    detail::advise_large(room.data(), room.size());
    advised_ = room.data() + room.size();
  }
  const platform::Transfer transfer = platform::receive_some(results.get(), room);
  if (transfer.state == platform::Transfer::State::moved) stream.stream().filled(transfer.count);
  if (transfer.error == EBADMSG)
    throw CodecError(CodecError::Direction::decode, "message of a worker",
                     "descriptors came with it");
  return transfer;
}

WorkerProcess::Written WorkerProcess::write() {
  using State = platform::Transfer::State;
  while (!outbox.empty()) {
    const Stop stop = send_attachments();
    if (stop != Stop::none) return {stop, stop == Stop::failed ? EPERM : 0};
    const platform::Transfer transfer = write_parts();
    if (transfer.state == State::would_block) return {Stop::pipe_full, 0};
    if (transfer.state != State::moved) return {Stop::failed, transfer.error};
    outbox.consume(transfer.count);
  }
  return {};
}

WorkerProcess::Stop WorkerProcess::send_attachments() {
  std::span<const detail::DescriptorRef> unsent = outbox.attachments();
  if (unsent.empty()) return Stop::none;
  const std::size_t all = unsent.size();
  platform::SendState state = platform::SendState::gone;
  try {
    state = descriptor_channel.send(outbox.attachment_group(), unsent);
  } catch (const SystemError& refused) {
    // By an option of the worker's end (SO_PASSRIGHTS): it would fail all that come to it.
    if (refused.code().value() == EPERM) return Stop::failed;
    base::log_warning(std::string("a shared object could not be sent to a worker: ") +
                      refused.what());
  } catch (const Error& failure) {  // a connection that has been closed meanwhile
    base::log_warning(std::string("a shared object could not be sent to a worker: ") +
                      failure.what());
  }
  const bool crowded = state == platform::SendState::crowded;
  if (!crowded && state != platform::SendState::would_block) {
    outbox.attachments_are_done();
    return Stop::none;
  }
  if (unsent.size() == all) return crowded ? Stop::crowded : Stop::channel_full;
  outbox.attachments_are_left(unsent.size());
  return Stop::none;
}

platform::Transfer WorkerProcess::write_parts() {
  std::array<std::span<const std::byte>, parts_per_write> views;
  const std::size_t count = outbox.gather(views);
  std::array<iovec, parts_per_write> vector;
  std::transform(views.begin(), views.begin() + static_cast<std::ptrdiff_t>(count), vector.begin(),
                 [](std::span<const std::byte> view) {
                   return iovec{const_cast<std::byte*>(view.data()), view.size()};
                 });
  return platform::send_some(tasks.get(), {vector.data(), count});
}

}  // namespace brood::pool

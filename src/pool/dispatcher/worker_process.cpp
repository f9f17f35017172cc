#include "pool/dispatcher/worker_process.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <brood/errors.hpp>
#include "base/log.hpp"
#include "platform/futex.hpp"

namespace brood::pool {

namespace {
constexpr std::size_t parts_per_write = 16;
}

void WorkerProcess::make_page() {
  mapping = platform::SharedMapping::create("brood-worker", sizeof(protocol::WorkerPage),
                                            protocol::WorkerPage::buffer_size);
  mapping.keep_from_forks();  // a worker maps its own page anew, by its descriptor
  set_page(mapping.data());
}

// A worker is owed one wake-up for each request, and whatever else it writes makes no sense.
platform::Transfer WorkerProcess::take_wake_ups() {
  std::array<std::byte, 16> bytes;
  const platform::Transfer transfer = platform::receive_some(results.get(), bytes);
  const auto refuse = [](const char* reason) {
    throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
  };
  if (transfer.error == EBADMSG) refuse("descriptors came with it");
  if (transfer.state != platform::Transfer::State::moved) return transfer;
  if (transfer.count > wake_ups_due_) refuse("a wake-up that was not asked for");
  wake_ups_due_ -= transfer.count;
  for (const std::byte byte : std::span(bytes).first(transfer.count)) {
    if (byte != protocol::wake_up) refuse("no wake-up");
  }
  return transfer;
}

bool WorkerProcess::ask_for_wake_up() noexcept {
  using protocol::WakeUp;
  const WakeUp due = protocol::RingReader::ask_for_wake_up(page(), WakeUp::by_socket);
  if (due != WakeUp::by_socket) ++wake_ups_due_;
  return !ring.has_unread(page());
}

void WorkerProcess::sleep_until_told(std::chrono::steady_clock::time_point deadline) noexcept {
  using protocol::WakeUp;
  const WakeUp due = protocol::RingReader::ask_for_wake_up(page(), WakeUp::by_futex);
  if (due == WakeUp::by_socket && wake_ups_due_ != 0) --wake_ups_due_;
  if (ring.has_unread(page())) return;
  constexpr auto asked = static_cast<std::uint32_t>(WakeUp::by_futex);
  platform::futex_wait(page().owner_waits, asked, deadline, platform::FutexScope::shared);
}

void WorkerProcess::wake_caller() noexcept {
  page().owner_waits.store(0);
  platform::futex_wake(page().owner_waits, 1, platform::FutexScope::shared);
}

void WorkerProcess::give_room() noexcept {
  if (protocol::RingReader::owes_room(page()))
    platform::futex_wake(page().room, 1, platform::FutexScope::shared);
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

#include "pool/channels/worker_channel.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <brood/errors.hpp>
#include "protocol/owner_page.hpp"

namespace brood::pool {

using protocol::WakeUp;
using protocol::WorkerWait;

namespace {
constexpr std::size_t parts_per_write = 16;
// Bytes. A worker takes one of them while the next is copied.
constexpr std::size_t most_before_a_wake_up = std::size_t{64} << 10;
}  // namespace

void WorkerChannel::give_room() noexcept {
  if (protocol::owes_wake_up(*page_, WorkerWait::for_room)) wake_worker();
}

void WorkerChannel::request_stop(std::uint64_t element) noexcept {
  protocol::PageWatch::request_stop(*page_, element);
  wake_for_stop();
}

void WorkerChannel::wake_for_tasks() noexcept {
  if (protocol::owes_wake_up(*page_, WorkerWait::for_tasks)) wake_worker();
}

WorkerChannel::Stop WorkerChannel::write() {
  Stop stop = Stop::none;
  full_ = false;
  while (stop == Stop::none && !outbox.empty()) {
    stop = send_attachments();
    if (stop == Stop::none && !write_parts()) stop = Stop::ring_full;
  }
  if (ends_ && outbox.empty()) protocol::TaskRing::finish(*page_);
  if (!full_ && std::exchange(asked_for_room_, false)) protocol::TaskRing::need_no_room(*page_);
  wake_for_tasks();
  return stop;
}

// False without room for all of them.
bool WorkerChannel::write_parts() {
  std::array<std::span<const std::byte>, parts_per_write> views;
  const std::size_t count = outbox.gather(views);
  std::size_t written = 0;
  for (const auto view : std::span(views).first(count)) {
    const std::size_t part = write_part(view);
    written += part;
    if (part != view.size()) break;
  }
  outbox.consume(written);
  return !full_;
}

std::size_t WorkerChannel::write_part(std::span<const std::byte> bytes) {
  std::size_t written = 0;
  while (written != bytes.size()) {
    const auto rest = bytes.subspan(written);
    const std::size_t count =
        tasks_.write(*page_, rest.first(std::min(rest.size(), most_before_a_wake_up)));
    written += count;
    if (count == most_before_a_wake_up) wake_for_tasks();
    if (count == most_before_a_wake_up || written == bytes.size()) continue;
    protocol::TaskRing::ask_for_room(*page_);
    asked_for_room_ = true;
    full_ = !tasks_.has_much_room(*page_);
    if (full_) break;
  }
  return written;
}

WorkerChannel::Stop WorkerChannel::send_attachments() {
  std::span<const detail::DescriptorRef> unsent = outbox.attachments();
  if (unsent.empty()) return Stop::none;
  const std::size_t all = unsent.size();
  const platform::SendState state = send_now(outbox.attachment_group(), unsent);
  const bool crowded = state == platform::SendState::crowded;
  if (state == platform::SendState::gone) return Stop::refused;
  if (!crowded && state != platform::SendState::would_block) {
    outbox.attachments_are_done();
    return Stop::none;
  }
  if (unsent.size() == all) return crowded ? Stop::crowded : Stop::channel_full;
  outbox.attachments_are_left(unsent.size());
  return Stop::none;
}

void WorkerChannel::end_tasks() noexcept {
  ends_ = true;
  if (!outbox.empty()) return;
  protocol::TaskRing::finish(*page_);
  wake_for_tasks();
}

// A wake-up that is still due to a dispatcher does not come any more when a caller asks in its
// place. A worker that took back an earlier request for room without a wake-up may do so late and
// so take back the last one, too: it stands again by the time that the owner's sleep is announced.
bool WorkerChannel::ask_for_wake_up(WakeUp how) noexcept {
  const WakeUp before = protocol::ResultRing::ask_for_wake_up(*page_, how);
  if (full_) protocol::TaskRing::ask_for_room(*page_);
  if (before == WakeUp::by_socket && wake_ups_due_ != 0) --wake_ups_due_;
  if (how == WakeUp::by_socket) ++wake_ups_due_;
  return !has_news();
}

void WorkerChannel::wake_caller() noexcept {
  page_->owner_waits.store(0);
  wake_owner();
}

// A worker is owed one wake-up for each request, and whatever else it writes makes no sense.
void WorkerChannel::take_wake_ups(std::span<const std::byte> came) {
  const auto refuse = [](const char* reason) {
    throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
  };
  if (came.size() > wake_ups_due_) refuse("a wake-up that was not asked for");
  wake_ups_due_ -= came.size();
  for (const std::byte byte : came) {
    if (byte != protocol::wake_up) refuse("no wake-up");
  }
}

}  // namespace brood::pool

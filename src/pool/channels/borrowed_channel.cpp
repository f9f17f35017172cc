#include "pool/channels/borrowed_channel.hpp"

#include <cstddef>
#include <exception>
#include <span>

#include <brood/codec.hpp>
#include <brood/errors.hpp>

namespace brood::pool {

using protocol::WakeUp;
using LargeResult = LockedBorrowing::LargeResult;
using Stop = WorkerChannel::Stop;

/// The bytes of a large result. The worker is given room as they are read.
class BorrowedChannel::Incoming final : public detail::Supply {
 public:
  Incoming(BorrowedChannel& borrowed, std::uint64_t size)
      : borrowed_(borrowed), left_(static_cast<std::size_t>(size)) {}
  ~Incoming() override { borrowed_.link_.skipped = left_; }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  std::size_t left() const noexcept override { return left_; }
  void read(void* target, std::size_t count) override {
    auto* at = static_cast<std::byte*>(target);
    for (std::byte* const end = at + count; at != end;) at += read_some({at, end});
  }
  /// Whether no more has come: what was decoded is no result. Throws what the ring has thrown,
  /// which a decoder may keep to itself.
  bool has_ended() const {
    if (error_) std::rethrow_exception(error_);
    return ended_;
  }

 private:
  std::size_t read_some(std::span<std::byte> target) {
    WorkerLink& link = borrowed_.link_;
    ended_ = true;
    while (!link.has_unread()) {
      // What it has written before its end is there by then.
      if (borrowed_.is_over() && !link.has_unread())
        throw Error("brood: the worker has ended in a result");
      borrowed_.wait_for_news();
    }
    const std::size_t count = read_ring(target);
    link.give_room();
    ended_ = false;
    left_ -= count;
    return count;
  }
  std::size_t read_ring(std::span<std::byte> target) try {
    return borrowed_.link_.results.read(borrowed_.link_.page(), target);
  } catch (const CodecError&) {
    error_ = std::current_exception();
    throw;
  }

  BorrowedChannel& borrowed_;
  std::size_t left_;
  bool ended_ = false;
  std::exception_ptr error_;
};

bool BorrowedChannel::drive() {
  std::optional<bool> others_wait;
  while (!others_wait) others_wait = tell(exchange());
  given_back_ = true;
  return *others_wait;
}

BorrowedChannel::Seen BorrowedChannel::exchange() {
  Seen seen;
  try {
    if (!link_.broken && write_until_told()) seen.news = Borrowing::News::written;
    if (seen.news == Borrowing::News::none) return seen;
    const std::optional<LargeResult> large = next_large_result();
    if (large && take(*large)) seen.taken = large;
  } catch (const std::exception&) {
    seen.error = std::current_exception();
  }
  return seen;
}

// Nothing while there is more to come.
std::optional<bool> BorrowedChannel::tell(const Seen& seen) {
  return seen.taken ? driver_.took(link_, job_, *seen.taken)
                    : driver_.read(link_, job_, seen.news, seen.error);
}

// It stands behind an argument that the worker has read: nothing is left to be written.
std::optional<LargeResult> BorrowedChannel::next_large_result() const {
  if (arriving_ == nullptr || !link_.stream.is_between_frames() || link_.skipped != 0 ||
      !link_.outbox.empty() || job_.result_shape() != detail::ResultShape{})
    return std::nullopt;
  const auto large =
      link_.stream.large_result(link_.results.peek(link_.page(), LargeResult::headers), large_);
  return large && large->header.job == job_.id && large->header.first == 0 ? large : std::nullopt;
}

// False where it has not come to its end. What decoding has left unread is dropped.
bool BorrowedChannel::take(const LargeResult& result) {
  Incoming incoming(*this, result.size);
  link_.results.drop(link_.page(), LargeResult::headers);
  arriving_->take(Reader({}, &incoming, detail::LoadPolicy::loaded_only));
  return !incoming.has_ended();
}

// Writes what there is to write, until the worker has told something. False when the worker has
// ended or refuses what it is sent.
bool BorrowedChannel::write_until_told() {
  for (;;) {
    if (has_attachments() && driver_.has_lost_descriptors()) return false;
    const Stop stop = link_.write();
    if (stop == Stop::refused) return false;
    if (stop == Stop::channel_full || stop == Stop::crowded) {
      if (!wait_for_room(stop)) return false;
    } else {
      wait_for_news();
    }
    if (link_.ended) return false;  // the dispatcher reads what it has left, and no more
    if (link_.has_unread()) return true;
    if (is_over()) return false;
  }
}

// What is sent with them may not go to another file that has their channel's number.
bool BorrowedChannel::has_attachments() const {
  return !link_.outbox.empty() && !link_.outbox.attachments().empty();
}

// Perhaps in the time that a wake-up would take.
void BorrowedChannel::wait_for_news() {
  if (wait_.look()) return;
  if (link_.ask_for_wake_up(WakeUp::by_futex) && !link_.ended) wait_.sleep();
}

// Nothing tells of its room but the system, so the worker's wake-ups come that way, too.
// False where they do not come any more.
bool BorrowedChannel::wait_for_room(Stop full) {
  if (!link_.ask_for_wake_up(WakeUp::by_socket)) return true;
  if (driver_.has_lost_descriptors()) return false;
  if (!wait_.sleep_on_socket(full)) return true;
  return !driver_.has_lost_descriptors() && link_.receive_wake_ups();
}

// No signal may end the worker: see WorkerTable. A loss that nothing has told is found in the next
// look.
bool BorrowedChannel::is_over() const {
  return link_.ended || link_.left || driver_.is_terminated() || driver_.has_lost_descriptors();
}

}  // namespace brood::pool

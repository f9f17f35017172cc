#include "shared/queue_sockets.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <brood/errors.hpp>
#include "platform/peek.hpp"
#include "platform/socket.hpp"
#include "shared/object.hpp"

namespace brood::shared {
namespace {

using detail::DescriptorRef;
using platform::SendState;
using transfer::ReceivedDescriptors;

constexpr const char* putting = "putting the descriptor of a shared object into a queue";

// Few are honest: each is what one process has left that was killed, or a pair that is empty.
constexpr std::size_t most_old = 512;
// A socket holds some 270 by default.
constexpr std::uint64_t most_pairs = 4096;

/// A message in the queue's own pair, in the other direction: with both ends of a further one.
struct Link {
  static constexpr std::uint64_t right_kind = 0x62726f6f646c6e6b;
  std::uint64_t kind = right_kind;
};

bool is_sent(SendState state) {
  if (state == SendState::gone) throw SystemError("sendmsg", putting, EPIPE);
  return state == SendState::sent;
}

}  // namespace

void QueueSockets::demand(bool makes_sense) const {
  if (!makes_sense) throw_broken(queue_);
}

bool QueueSockets::send(std::uint64_t attachment_group,
                        std::span<const DescriptorRef> descriptors) {
  std::optional<Pair> further;
  if (further_ != 0) further = last_pair();
  SendState state = SendState::would_block;
  if (further_ == 0 || further)
    state = transfer::send_descriptors(further ? further->sender.get() : sender_, attachment_group,
                                       descriptors);
  if (state == SendState::would_block) {
    further = add_pair();
    if (!further) return false;
    state = transfer::send_descriptors(further->sender.get(), attachment_group, descriptors);
  }
  return is_sent(state);
}

// What is in front of them was put by a process that died meanwhile, or taken: that is little,
// unless a peer goes on sending it.
ReceivedDescriptors QueueSockets::first_from(int socket, std::uint64_t attachment_group,
                                             std::size_t& old) const {
  for (;; ++old) {
    demand(old <= most_old);
    ReceivedDescriptors next = transfer::peek_descriptors(socket);
    if (!next.received || next.attachment_group >= attachment_group) return next;
    transfer::drop_descriptors(socket);
  }
}

// The last pair stays, also an empty one: it is where the next value's go.
QueueSockets::Found QueueSockets::find(std::uint64_t attachment_group) {
  std::size_t old = 0;
  Found found{first_from(receiver_, attachment_group, old), {}};
  for (; !found.message.received && further_ != 0; ++old) {
    look_from(0);
    std::optional<Pair> first = peek_pair();
    if (!first) break;
    found.message = first_from(first->receiver.get(), attachment_group, old);
    if (found.message.received) {
      found.pair = std::move(first->receiver);
    } else if (peek_pair()) {
      drop_first(*std::move(first));
    } else {
      break;
    }
  }
  if (found.message.attachment_group != attachment_group) return {};
  return found;
}

void QueueSockets::drop(const Found& found) noexcept {
  transfer::drop_descriptors(found.pair ? found.pair.get() : receiver_);
}

void QueueSockets::clear() noexcept try {
  for (std::size_t old = 0; further_ != 0 && old <= most_old; ++old) {
    look_from(0);
    std::optional<Pair> first = peek_pair();
    if (first) {
      drop_first(*std::move(first));
    } else {
      further_ = 0;
    }
  }
} catch (const std::exception&) {
  // The next look finds them empty.
}

// --- further pairs ---

// socket(7), SO_PEEK_OFF: where the next look begins, which the look itself moves on.
void QueueSockets::look_from(std::uint64_t index) const {
  demand(index <= most_pairs);
  const int offset = static_cast<int>(index * sizeof(Link));
  if (::setsockopt(sender_, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) != 0)
    throw SystemError("setsockopt", putting, errno);
}

std::optional<QueueSockets::Pair> QueueSockets::peek_pair() const {
  std::array<std::byte, sizeof(Link) + 1> buffer;
  platform::Peeked seen = platform::peek_message(sender_, buffer);
  if (seen.bytes.empty()) return std::nullopt;
  if (seen.lost)
    throw SystemError("recvmsg", "looking for the shared objects of a queue's values", EMFILE);
  Link link;
  demand(seen.bytes.size() == sizeof link && seen.descriptors.size() == 2);
  std::memcpy(&link, seen.bytes.data(), sizeof link);
  demand(link.kind == Link::right_kind);
  for (platform::Descriptor& copy : seen.descriptors) {
    demand(platform::is_message_socket(copy.get()));
    copy.set_trusted();  // the link keeps it
  }
  return Pair{std::move(seen.descriptors[0]), std::move(seen.descriptors[1])};
}

// The number may be wrong by what a process had begun that was killed.
std::optional<QueueSockets::Pair> QueueSockets::last_pair() {
  look_from(further_ - 1);
  std::optional<Pair> last = peek_pair();
  if (last && !peek_pair()) return last;
  last.reset();
  look_from(0);
  std::uint64_t count = 0;
  while (std::optional<Pair> next = peek_pair()) {
    demand(++count <= most_pairs);
    last = std::move(next);
  }
  further_ = count;
  return last;
}

std::optional<QueueSockets::Pair> QueueSockets::add_pair() {
  platform::SocketPair made = platform::make_socket_pair();
  made.ours.set_trusted();
  made.theirs.set_trusted();
  Link link;
  const iovec part{&link, sizeof link};
  const std::array<int, 2> ends{made.ours.get(), made.theirs.get()};
  ++further_;
  if (is_sent(platform::send_parts(receiver_, {&part, 1}, ends, platform::Waiting::no, putting)))
    return Pair{std::move(made.ours), std::move(made.theirs)};
  --further_;
  return std::nullopt;
}

// Its close is the last one, of what a peer may have sent there.
void QueueSockets::drop_first(Pair first) {
  first.sender.set_foreign();
  first.receiver.set_foreign();
  transfer::drop_descriptors(sender_);
  if (further_ != 0) --further_;
}

}  // namespace brood::shared

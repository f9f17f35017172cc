#include "platform/socket.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <brood/errors.hpp>
#include "platform/foreign_close.hpp"
#include "platform/own_table.hpp"
#include "platform/peek.hpp"
#include "platform/poll.hpp"
#include "platform/rights.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

using Clock = std::chrono::steady_clock;
using ControlBuffer = std::array<char, CMSG_SPACE(sizeof(int) * max_message_descriptors)>;

void attach(msghdr& header, ControlBuffer& control, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
}

SendState send_with(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors,
                    Waiting waiting) {
  constexpr const char* what = "sending a message";
  if (bytes.empty() || bytes.size() > max_message_size)
    throw SystemError("sendmsg", what, EMSGSIZE);
  const iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  return send_parts(socket, {&part, 1}, descriptors, waiting, what);
}

/// Waits until the socket has something to read; false at the deadline.
bool wait_readable(int socket, const Deadline& deadline) {
  pollfd watched{socket, POLLIN, 0};
  return poll_until({&watched, 1}, deadline, "waiting for a message") > 0;
}

/// Until it gives a message, of 0 bytes at the end of the stream too; nothing where none waits.
std::optional<std::size_t> receive_bytes(int socket, Envelope& envelope, int flags,
                                         const char* what) {
  int resets = 0;
  for (;;) {
    const ssize_t count = envelope.receive(socket, flags);
    if (count >= 0) return static_cast<std::size_t>(count);
    // unix(7): a peer that closed with our messages unread shows as ECONNRESET once, before
    // messages of its own that still wait here. They count: a reply may be among them.
    if (errno == ECONNRESET && resets++ < 2) continue;
    if (errno == ECONNRESET || errno == ENOTCONN) return std::nullopt;
    if (errno == EAGAIN && (flags & MSG_DONTWAIT) != 0) return std::nullopt;
    if (errno != EINTR) throw SystemError("recvmsg", what, errno);
  }
}

/// Whether a message may still come: the other end is there, or has left something to read. Empty
/// messages read as the end of the stream does, and any process with the other end can send one.
bool may_follow(int socket) noexcept {
  pollfd watched{socket, POLLRDHUP, 0};
  if (::poll(&watched, 1, 0) == 0) return true;
  int unread = 0;
  return ::ioctl(socket, SIOCINQ, &unread) == 0 && unread > 0;
}

std::optional<Arrived> receive_here(int socket, std::span<std::byte> buffer, int flags,
                                    const char* what) {
  Envelope envelope(buffer);
  const std::optional<std::size_t> count = receive_bytes(socket, envelope, flags, what);
  if (!count) return std::nullopt;
  Arrived arrived;
  arrived.bytes = buffer.first(*count);
  arrived.cut = envelope.cut();
  arrived.descriptors_lost = envelope.lost_rights();
  arrived.descriptors = envelope.take_rights();
  if (arrived.descriptors.size() > max_message_descriptors) arrived.cut = true;
  if (arrived.descriptors_lost || arrived.cut) arrived.descriptors.clear();
  return arrived;
}

/// One message without its descriptors, which go with the thread that receives them; nothing where
/// another process has taken it meanwhile.
std::optional<Arrived> receive_apart(int socket, std::span<std::byte> buffer) {
  Envelope envelope(buffer);
  const ssize_t count = envelope.receive_apart(socket);
  if (count < 0) return std::nullopt;
  Arrived arrived;
  arrived.bytes = buffer.first(static_cast<std::size_t>(count));
  arrived.descriptors_lost = envelope.has_rights();
  arrived.cut = envelope.cut();
  return arrived;
}

/// One message, an empty one too; the end of the stream is an empty one, or nothing. What finds no
/// room is closed by the kernel, in the thread that receives: where that may happen, the message is
/// only looked at first.
std::optional<Arrived> receive_any(int socket, std::span<std::byte> buffer, int flags,
                                   const char* what) {
  if ((flags & MSG_PEEK) != 0 || closes_may_wait())
    return receive_here(socket, buffer, flags, what);
  if ((flags & MSG_DONTWAIT) == 0) wait_readable(socket, std::nullopt);
  if (has_room_for_rights()) return receive_here(socket, buffer, flags, what);
  for (int i = 0; i < 3; ++i) {  // the system may allow no thread
    std::optional<Arrived> seen = receive_here(socket, buffer, flags | MSG_PEEK, what);
    if (!seen) return std::nullopt;
    for (Descriptor& copy : seen->descriptors) copy.set_trusted();
    if (!seen->descriptors_lost) break;
    if (lingering_tables() >= most_lingering) throw SystemError("recvmsg", what, EMFILE);
    if (std::optional<Arrived> arrived = receive_apart(socket, buffer)) return arrived;
  }
  return receive_here(socket, buffer, flags, what);
}

std::optional<Arrived> unless_at_end(int socket, std::optional<Arrived> arrived) {
  if (arrived && arrived->bytes.empty() && !may_follow(socket)) arrived.reset();
  return arrived;
}

Message to_message(Arrived&& arrived) {
  if (arrived.cut) throw SystemError("recvmsg", "receiving a message", EMSGSIZE);
  Message message;
  message.descriptors_lost = arrived.descriptors_lost;
  message.descriptors = std::move(arrived.descriptors);
  message.bytes.assign(arrived.bytes.begin(), arrived.bytes.end());
  return message;
}

}  // namespace

bool is_message_socket(int descriptor) noexcept {
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX &&
         type == SOCK_SEQPACKET;
}

int maker_of(int socket) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

SocketPair make_socket_pair() {
  int ends[2];
  if (system_calls().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw SystemError("socketpair", "making a pair of sockets", errno);
  }
  Descriptor second(ends[1]);  // owned before the next line can throw
  SocketPair pair;
  pair.ours = adopt_above_stdio(ends[0]);
  pair.theirs = adopt_above_stdio(second.release());
  pair.ours.set_foreign();
  pair.theirs.set_foreign();
  return pair;
}

SendState send_parts(int socket, std::span<const iovec> parts, std::span<const int> descriptors,
                     Waiting waiting, const char* what) {
  if (descriptors.size() > max_message_descriptors) throw SystemError("sendmsg", what, EMSGSIZE);
  alignas(cmsghdr) ControlBuffer control{};
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(parts.data());
  header.msg_iovlen = parts.size();
  attach(header, control, descriptors);
  const int flags = MSG_NOSIGNAL | (waiting == Waiting::no ? MSG_DONTWAIT : 0);
  while (system_calls().sendmsg(socket, &header, flags) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return SendState::would_block;
    if (errno == ETOOMANYREFS) return SendState::crowded;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return SendState::gone;
    throw SystemError("sendmsg", what, errno);
  }
  return SendState::sent;
}

std::optional<Arrived> receive_into(int socket, std::span<std::byte> buffer, Waiting waiting,
                                    Taking taking, const char* what) {
  constexpr int most_empty = 16;  // without waiting: the sender of more does not keep us here
  const int flags =
      (waiting == Waiting::no ? MSG_DONTWAIT : 0) | (taking == Taking::no ? MSG_PEEK : 0);
  for (int empty = 0; waiting == Waiting::yes || empty < most_empty; ++empty) {
    std::optional<Arrived> arrived = receive_any(socket, buffer, flags, what);
    if (!arrived || !arrived->bytes.empty()) return arrived;
    if (taking == Taking::no || !may_follow(socket)) break;
  }
  return std::nullopt;
}

std::optional<Arrived> receive_next(int socket, std::span<std::byte> buffer, const char* what) {
  return unless_at_end(socket, receive_any(socket, buffer, 0, what));
}

std::optional<Arrived> receive_with_room(int socket, std::span<std::byte> buffer,
                                         const char* what) {
  return unless_at_end(socket, receive_here(socket, buffer, 0, what));
}

SendState try_send_message(int socket, std::span<const std::byte> bytes,
                           std::span<const int> descriptors) {
  const SendState state = send_with(socket, bytes, descriptors, Waiting::no);
  if (state == SendState::crowded) throw SystemError("sendmsg", "sending a message", ETOOMANYREFS);
  return state;
}

bool send_message(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors) {
  const SendState state = send_with(socket, bytes, descriptors, Waiting::yes);
  if (state == SendState::would_block) throw SystemError("sendmsg", "sending a message", EAGAIN);
  if (state == SendState::crowded) throw SystemError("sendmsg", "sending a message", ETOOMANYREFS);
  return state == SendState::sent;
}

std::optional<Message> receive_message(int socket, int timeout_ms, bool* timed_out) {
  std::optional<Message> message = receive_message_lossy(socket, timeout_ms, timed_out);
  if (message && message->descriptors_lost)
    throw SystemError("recvmsg", "receiving descriptors", EMFILE);
  return message;
}

std::optional<Message> receive_message_lossy(int socket, int timeout_ms, bool* timed_out) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  const bool for_ever = timeout_ms < 0;
  std::array<std::byte, max_message_size> buffer;
  if (timed_out != nullptr) *timed_out = false;
  for (;;) {
    std::optional<Arrived> arrived;
    const bool readable = for_ever || wait_readable(socket, deadline);
    if (readable)
      arrived = receive_into(socket, buffer, for_ever ? Waiting::yes : Waiting::no, Taking::yes,
                             "receiving a message");
    if (arrived) return to_message(*std::move(arrived));
    if (readable && (for_ever || !may_follow(socket))) return std::nullopt;
    if (Clock::now() < deadline) continue;  // it was an empty message
    if (timed_out != nullptr) *timed_out = true;
    return std::nullopt;
  }
}

}  // namespace brood::platform

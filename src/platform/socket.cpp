#include "platform/socket.hpp"

#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <brood/errors.hpp>
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
                    int flags) {
  if (bytes.empty() || bytes.size() > max_message_size ||
      descriptors.size() > max_message_descriptors) {
    throw SystemError("sendmsg", "sending a message", EMSGSIZE);
  }
  alignas(cmsghdr) ControlBuffer control{};
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  attach(header, control, descriptors);
  while (system_calls().sendmsg(socket, &header, MSG_NOSIGNAL | flags) < 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return SendState::would_block;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return SendState::gone;
    throw SystemError("sendmsg", "sending a message", errno);
  }
  return SendState::sent;
}

/// Owns the descriptors of a message before anything can throw.
std::vector<Descriptor> take_descriptors(msghdr& header) {
  std::array<Descriptor, max_message_descriptors> raw;
  std::size_t count = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t length = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < length && count < raw.size(); ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof number);
      raw[count++] = Descriptor(number);
    }
  }
  std::vector<Descriptor> descriptors;
  for (std::size_t i = 0; i < count; ++i)
    descriptors.push_back(adopt_above_stdio(raw[i].release()));
  return descriptors;
}

/// Waits until the socket has something to read; false at the deadline.
bool wait_readable(int socket, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd watched{socket, POLLIN, 0};
    const int ready = system_calls().poll(&watched, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return true;
    if (ready == 0 && left <= 0) return false;
    if (ready < 0 && errno != EINTR) throw SystemError("poll", "waiting for a message", errno);
  }
}

/// recvmsg until it gives a message, the end of the stream (0) or an error (-1).
ssize_t receive_bytes(int socket, msghdr& header) {
  const std::size_t control_size = header.msg_controllen;
  int resets = 0;
  for (;;) {
    header.msg_controllen = control_size;
    const ssize_t count = system_calls().recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (count >= 0) return count;
    // unix(7): a peer that closed with our messages unread shows as ECONNRESET once, before
    // messages of its own that still wait here. They count: a reply may be among them.
    if (errno == ECONNRESET && resets++ < 2) continue;
    if (errno == ECONNRESET || errno == ENOTCONN) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace

SocketPair make_socket_pair() {
  int ends[2];
  if (system_calls().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw SystemError("socketpair", "making a pair of sockets", errno);
  }
  Descriptor second(ends[1]);  // owned before the next line can throw
  SocketPair pair;
  pair.ours = adopt_above_stdio(ends[0]);
  pair.theirs = adopt_above_stdio(second.release());
  return pair;
}

SendState try_send_message(int socket, std::span<const std::byte> bytes,
                           std::span<const int> descriptors) {
  return send_with(socket, bytes, descriptors, MSG_DONTWAIT);
}

bool send_message(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors) {
  const SendState state = send_with(socket, bytes, descriptors, 0);
  if (state == SendState::would_block) throw SystemError("sendmsg", "sending a message", EAGAIN);
  return state == SendState::sent;
}

std::optional<Message> receive_message(int socket, int timeout_ms, bool* timed_out) {
  std::optional<Message> message = receive_message_lossy(socket, timeout_ms, timed_out);
  if (message && message->descriptors_lost)
    throw SystemError("recvmsg", "receiving descriptors", EMFILE);
  return message;
}

std::optional<Message> receive_message_lossy(int socket, int timeout_ms, bool* timed_out) {
  if (timed_out != nullptr) *timed_out = false;
  if (timeout_ms >= 0 &&
      !wait_readable(socket, Clock::now() + std::chrono::milliseconds(timeout_ms))) {
    if (timed_out != nullptr) *timed_out = true;
    return std::nullopt;
  }
  alignas(cmsghdr) ControlBuffer control;
  std::array<std::byte, max_message_size> buffer;
  iovec part{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t count = receive_bytes(socket, header);
  if (count < 0) throw SystemError("recvmsg", "receiving a message", errno);
  if (count == 0) return std::nullopt;
  Message message;
  // recvmsg(2), unix(7): MSG_CTRUNC is also how the kernel says that the descriptor table is full.
  message.descriptors_lost = (header.msg_flags & MSG_CTRUNC) != 0;
  message.descriptors = take_descriptors(header);
  if (message.descriptors_lost) message.descriptors.clear();
  if ((header.msg_flags & MSG_TRUNC) != 0)
    throw SystemError("recvmsg", "receiving a message", EMSGSIZE);
  message.bytes.assign(buffer.data(), buffer.data() + count);
  return message;
}

}  // namespace brood::platform

#include "platform/peek.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "platform/rights.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

// What keeps it from being looked at is told to the receiver of it.
template <class Receive>
std::size_t until_done(Receive receive) {
  for (;;) {
    const ssize_t count = receive();
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return 0;
  }
}

}  // namespace

std::size_t peek_bytes(int socket, std::span<std::byte> beginning) {
  iovec part{beginning.data(), beginning.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  return until_done([&] { return system_calls().recvmsg(socket, &header, MSG_PEEK); });
}

Peeked peek_message(int socket, std::span<std::byte> buffer) {
  Envelope envelope(buffer);
  const std::size_t size =
      until_done([&] { return envelope.receive(socket, MSG_PEEK | MSG_DONTWAIT); });
  Peeked peeked;
  peeked.bytes = buffer.first(std::min(size, buffer.size()));
  peeked.lost = envelope.lost_rights();
  peeked.descriptors = envelope.take_rights();
  return peeked;
}

bool is_read(int socket) noexcept {
  int unread = 0;
  return ::ioctl(socket, SIOCOUTQ, &unread) == 0 && unread == 0;
}

}  // namespace brood::platform

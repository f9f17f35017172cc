#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "platform/descriptor.hpp"
#include "support/raw_message.hpp"

// Sockets whose last close(2) waits: socket(7), SO_LINGER.
namespace brood::testing {

/// So that little memory lies in a connection without a reader.
inline void make_small(int socket, int option) {
  constexpr int bytes = 4096;
  ::setsockopt(socket, SOL_SOCKET, option, &bytes, sizeof bytes);
}

/// Where they lead to: a peer that reads nothing. It ends all that linger.
class StalledPeer {
 public:
  StalledPeer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    make_small(listener_.get(), SO_RCVBUF);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const place = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), place, size) != 0 || ::listen(listener_.get(), 1024) != 0 ||
        ::getsockname(listener_.get(), place, &size) != 0)
      throw std::runtime_error("no listening socket");
    port_ = address.sin_port;
  }
  /// In network byte order.
  std::uint16_t port() const noexcept { return port_; }

 private:
  platform::Descriptor listener_;
  std::uint16_t port_ = 0;
};

inline constexpr int linger_seconds = 60;

/// With more sent than its peer takes. Waits for a second at most.
inline int lingering_socket(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  make_small(made, SO_SNDBUF);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = port;
  ::connect(made, reinterpret_cast<sockaddr*>(&address), sizeof address);
  pollfd connected{made, POLLOUT, 0};
  if (::poll(&connected, 1, 1000) != 1 || (connected.revents & POLLERR) != 0) {
    ::close(made);
    throw std::runtime_error("no connection");
  }
  static const std::array<char, 65536> zeros{};
  while (::send(made, zeros.data(), zeros.size(), MSG_DONTWAIT) > 0) {
  }
  ::fcntl(made, F_SETFL, 0);
  const linger wait{1, linger_seconds};
  ::setsockopt(made, SOL_SOCKET, SO_LINGER, &wait, sizeof wait);
  return made;
}

/// A unix socket in which one that lingers waits unread. Only it has that.
inline int socket_around_a_lingering_one(std::uint16_t port) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::runtime_error("no socket pair");
  const int inside = lingering_socket(port);
  send_raw(ends[0], "x", 1, {&inside, 1});
  ::close(inside);
  ::close(ends[0]);
  return ends[1];
}

}  // namespace brood::testing

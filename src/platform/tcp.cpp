#include "platform/tcp.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include <brood/errors.hpp>
#include "platform/poll.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

constexpr int backlog = 128;

struct Place {
  std::string host, port;
};

[[noreturn]] void not_an_address(const std::string& address) {
  throw UsageError("brood: \"" + address +
                   "\" is no address: write host:port, such as 127.0.0.1:0 or [::1]:5000");
}

Place parse(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) not_an_address(address);
  Place place{address.substr(0, colon), address.substr(colon + 1)};
  if (place.host.front() == '[' && place.host.back() == ']') {
    place.host = place.host.substr(1, place.host.size() - 2);
  } else if (place.host.find(':') != std::string::npos) {
    not_an_address(address);
  }
  const bool digits = std::all_of(place.port.begin(), place.port.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (place.host.empty() || place.port.empty() || place.port.size() > 5 || !digits ||
      std::stoi(place.port) > UINT16_MAX)
    not_an_address(address);
  return place;
}

using Found = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Found look_up(const Place& place, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(place.host.c_str(), place.port.c_str(), &wanted, &found);
  if (error != 0)
    throw SystemError("getaddrinfo", "looking up " + place.host,
                      error == EAI_SYSTEM ? errno : EADDRNOTAVAIL);
  return {found, ::freeaddrinfo};
}

Descriptor make_socket(const addrinfo& where) {
  const int made =
      system_calls().socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) throw SystemError("socket", "making a TCP socket", errno);
  return adopt_above_stdio(made);
}

void set(int socket, int level, int option, int value) noexcept {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

// A call is a message and its answer: neither waits for more. A peer whose machine has lost its
// power says nothing.
void prepare(int socket) noexcept {
  set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 20);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 40'000);
}

std::uint16_t port_of(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0)
    throw SystemError("getsockname", "listening", errno);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

// 0, or an errno value.
int finish_connect(int socket, const Deadline& deadline) {
  pollfd watched{socket, POLLOUT, 0};
  if (poll_until({&watched, 1}, deadline) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

void demand_address(const std::string& address) { static_cast<void>(parse(address)); }

Listener listen_at(const std::string& address) {
  const Place place = parse(address);
  const Found found = look_up(place, AI_PASSIVE);
  Listener made;
  made.socket = make_socket(*found);
  const int number = made.socket.get();
  set(number, SOL_SOCKET, SO_REUSEADDR, 1);
  if (system_calls().bind(number, found->ai_addr, found->ai_addrlen) != 0)
    throw SystemError("bind", "listening at " + address, errno);
  if (system_calls().listen(number, backlog) != 0)
    throw SystemError("listen", "listening at " + address, errno);
  made.address =
      address.substr(0, address.size() - place.port.size()) + std::to_string(port_of(number));
  return made;
}

Descriptor accept_from(int listener) noexcept {
  const int accepted =
      system_calls().accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (accepted < 0) return {};
  prepare(accepted);
  try {
    return adopt_above_stdio(accepted);
  } catch (const SystemError&) {
    return {};
  }
}

Descriptor connect_to(const std::string& address, const Deadline& deadline) {
  const Found found = look_up(parse(address), 0);
  int error = 0;
  for (const addrinfo* place = found.get(); place != nullptr; place = place->ai_next) {
    Descriptor socket = make_socket(*place);
    prepare(socket.get());
    error =
        system_calls().connect(socket.get(), place->ai_addr, place->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS || error == EINTR) error = finish_connect(socket.get(), deadline);
    if (error == 0) return socket;
  }
  throw SystemError("connect", "connecting to " + address, error);
}

}  // namespace brood::platform

#include "start/server_requests.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <exception>
#include <utility>

namespace brood::start {
namespace {

bool is_terminated(const char* field, std::size_t size) noexcept {
  return std::memchr(field, '\0', size) != nullptr;
}

/// Every field is inside its range; also those that this kind of request does not use.
bool makes_sense(const Request& request) noexcept {
  const bool known = request.kind <= Request::Kind::signal;
  const bool role_known = request.role == Role::worker || request.role == Role::process;
  return known && role_known && request.has_directory <= 1 && request.has_output <= 1 &&
         request.has_errors <= 1 && is_terminated(request.name, sizeof request.name);
}

std::optional<int> socket_option(int descriptor, int option) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) != 0) return std::nullopt;
  return value;
}

bool has_peer(int descriptor) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
}

Incoming take_request(int socket) {
  std::array<std::byte, 2 * sizeof(Request)> buffer;
  std::optional<platform::Arrived> arrived = platform::receive_into(
      socket, buffer, platform::Waiting::no, platform::Taking::yes, "receiving a request");
  if (!arrived) return {.state = Incoming::State::ended};
  if (arrived->cut || arrived->bytes.size() != sizeof(Request)) return {};
  Incoming incoming{.request = *parse<Request>(arrived->bytes)};
  if (!makes_sense(incoming.request)) return {};
  incoming.state = Incoming::State::request;
  incoming.message.descriptors = std::move(arrived->descriptors);
  incoming.message.descriptors_lost = arrived->descriptors_lost;
  return incoming;
}

}  // namespace

Incoming receive_request(int socket) noexcept try {
  return take_request(socket);
} catch (const std::exception&) {
  return {};
}

bool is_connection(int descriptor) noexcept {
  return socket_option(descriptor, SO_DOMAIN) == AF_UNIX &&
         socket_option(descriptor, SO_TYPE) == SOCK_SEQPACKET && has_peer(descriptor);
}

}  // namespace brood::start

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_message.hpp"
#include "start/server_messages.hpp"
#include "support/worker_channel.hpp"
#include "transfer/shared_descriptor.hpp"

// Sockets that go to the owner (the descriptor channel) and to the fork server (the server socket).
namespace brood::hostile {

namespace {

/// As transfer/descriptor_channel.cpp has it: a group, a count, and a token, kind and nothing for
/// each.
std::string packet(Foe& foe, std::size_t count) {
  struct Entry {
    detail::SharedDescriptor::Token token;
    std::uint32_t kind, unused;
  };
  std::string bytes;
  const std::array<std::uint64_t, 2> head{foe.dice.near(foe.run().job),
                                          foe.dice.percent(80) ? count : foe.dice.near(count)};
  bytes.append(reinterpret_cast<const char*>(head.data()), sizeof head);
  for (std::size_t i = 0; i < count; ++i) {
    const Entry entry{
        {foe.dice.any(), foe.dice.up_to(3)}, static_cast<std::uint32_t>(foe.dice.near(1)), 0};
    bytes.append(reinterpret_cast<const char*>(&entry), sizeof entry);
  }
  return bytes;
}

void tell_of_them(Foe& foe) {
  const std::string attached = forged_frame(foe, protocol::Type::attached);
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(50); ++i)
    testing::write_to_owner(std::as_bytes(std::span(attached.data(), attached.size())));
}

std::string request(start::Request::Kind kind) {
  start::Request made;
  made.kind = kind;
  return std::string(reinterpret_cast<const char*>(&made), sizeof made);
}

}  // namespace

void channel_garbage(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(100); ++i)
    send(testing::channel_socket, foe.dice.bytes(foe.dice.magnitude(300)));
  tell_of_them(foe);
}

void channel_descriptors(Foe& foe) {
  const Thing thing(foe.dice);
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(30); ++i) {
    const std::size_t count = 1 + foe.dice.magnitude(most_descriptors - 1);
    if (!send(testing::channel_socket, packet(foe, count), thing.number(), count)) break;
  }
  tell_of_them(foe);
}

void channel_oversized(Foe& foe) {
  send(testing::channel_socket, foe.dice.bytes(65'000 + foe.dice.up_to(100'000)));
  tell_of_them(foe);
}

void channel_closed(Foe& foe) {
  if (foe.dice.percent(50))
    ::shutdown(testing::channel_socket, static_cast<int>(foe.dice.up_to(2)));
  ::close(testing::channel_socket);
  if (foe.dice.percent(50)) tell_of_them(foe);
}

void server_socket_garbage(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(100); ++i)
    send(testing::server_socket, foe.dice.bytes(foe.dice.magnitude(300)));
  send(testing::server_socket, "");
}

void server_socket_wrong_kind(Foe& foe) {
  const Thing thing(foe.dice);
  using Kind = start::Request::Kind;
  for (const Kind kind : {Kind::connect, Kind::start, Kind::setup, Kind::abandon})
    send(testing::server_socket, request(kind), thing.number(), foe.dice.up_to(2));
  send(testing::server_socket, request(Kind::connect), thing.number(), 1);
}

void server_socket_oversized(Foe& foe) {
  send(testing::server_socket, foe.dice.bytes(65'000 + foe.dice.up_to(100'000)));
}

// Connections that say nothing, or nonsense, and then end.
void server_socket_many(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(60); ++i) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
    send(testing::server_socket, request(start::Request::Kind::connect), ends[1], 1);
    ::close(ends[1]);
    if (foe.dice.percent(50)) send(ends[0], foe.dice.bytes(foe.dice.magnitude(300)));
    if (foe.dice.percent(50)) send(ends[0], request(start::Request::Kind::start));
    ::close(ends[0]);
  }
}

void server_socket_closed(Foe& foe) {
  if (foe.dice.percent(50)) ::shutdown(testing::server_socket, static_cast<int>(foe.dice.up_to(2)));
  ::close(testing::server_socket);
}

}  // namespace brood::hostile

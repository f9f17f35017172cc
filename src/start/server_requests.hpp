#pragma once

#include <cstdint>
#include <optional>

#include "platform/socket.hpp"
#include "start/server_messages.hpp"

// What arrives at a server, checked before anything is done with it: a worker may write whatever it
// likes to the server socket and to connections that it has made there.
namespace brood::start {

struct Incoming {
  enum class State : std::uint8_t {
    request,
    nonsense,  // one message, which is gone
    ended,     // nothing more will come
  };
  State state = State::nonsense;
  Request request{};
  platform::Message message{};
};

/// Takes one message off a socket that poll(2) has called readable; never waits for one. Nothing
/// that a peer can do is thrown.
Incoming receive_request(int socket) noexcept;

/// Whether a descriptor that came with `connect` is the end of a connected pair of SOCK_SEQPACKET
/// sockets. On anything else poll(2), sendmsg(2) or close(2) would do what the server does not
/// expect.
bool is_connection(int descriptor) noexcept;

}  // namespace brood::start

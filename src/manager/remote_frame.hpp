#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <brood/detail/bytes.hpp>
#include "manager/tls.hpp"
#include "platform/shared_descriptor.hpp"

// What goes between a server and the gateways of remote programs. Both are the same program:
// structures go as they are.
namespace brood::manager {

using Token = detail::SharedDescriptor::Token;

enum class FrameKind : std::uint32_t {
  session,  // Hello; the answer is a parcel: the proxy of the root
  channel,  // Hello; requests and answers follow
  parcel,   // a request or an answer: its bytes, and the tokens of the proxies in it
  got,      // the last answer has reached the client's machine
  lost,     // but the client had ended, or ended without reading it
  drop,     // on a session: the proxies with these tokens are gone
};

/// Begins a connection.
struct Hello {
  static constexpr std::uint64_t right_version = 0x62726f6f64746c01;
  std::uint64_t version = right_version;
  std::uint64_t session = 0;  // drawn by the gateway
  std::uint64_t process = 0;  // of a channel: drawn by the client
};

struct RemoteFrame {
  FrameKind kind{};
  std::vector<Token> tokens;
  detail::Bytes bytes;
};

/// False when the other end has gone. Blocks.
bool send_frame(TlsStream& stream, FrameKind kind, std::span<const std::byte> bytes = {},
                std::span<const Token> tokens = {});
/// Nothing when the other end has gone, or what comes is no frame. Blocks.
std::optional<RemoteFrame> receive_frame(TlsStream& stream);

/// Waits until there is something to read, or the end of, one of both.
struct Ready {
  bool stream = false;
  short local = 0;  // revents
};
Ready wait_for_either(const TlsStream& stream, int local, short local_events);

/// Whether the client that has closed the other end of `socket` had read everything; waits for that
/// end or for its next message. unix(7): a peer that closes with something unread shows as
/// ECONNRESET, once.
bool got_the_answer(int socket);

}  // namespace brood::manager

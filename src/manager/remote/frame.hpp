#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <brood/detail/bytes.hpp>
#include "manager/account.hpp"
#include "manager/remote/tls.hpp"
#include "platform/futex.hpp"
#include "transfer/shared_descriptor.hpp"

// What goes between a server and the gateways of remote programs. Both are the same program:
// structures go as they are.
namespace brood::manager {

using Token = detail::SharedDescriptor::Token;

enum class FrameKind : std::uint32_t {
  session,   // Hello; the answer is an envelope: Welcome, and the proxy of the root
  channel,   // Hello; requests and answers follow
  envelope,  // a request or an answer: its bytes, and the tokens of the proxies in it
  got,       // the last answer has reached the client's machine
  lost,      // but the client had ended, or ended without reading it
  drop,      // on a session: the proxies with these tokens are gone
  read,      // the last answer has been read, by a client that says nothing more for a while
  refused,   // the answer to the first request of a channel that the quota has no room for; its end
};

/// Begins a connection.
struct Hello {
  static constexpr std::uint64_t right_version = 0x62726f6f64746c03;
  std::uint64_t version = right_version;
  std::uint64_t session = 0;  // drawn by the gateway
  std::uint64_t process = 0;  // of a channel: drawn by the client
};

/// Before the proxy of the root.
struct Welcome {
  std::uint64_t longest_message = 0;  // bytes: the quota of them
};

struct RemoteFrame {
  FrameKind kind{};
  std::vector<Token> tokens;
  detail::Bytes bytes;
};

/// False when the other end has gone. Blocks.
bool send_frame(TlsStream& stream, FrameKind kind, std::span<const std::byte> bytes = {},
                std::span<const Token> tokens = {});
/// Nothing when the other end has gone, or what comes is no frame, or one with more than `longest`
/// bytes. Memory grows with what has arrived, not with what the other end says that it sends.
/// Blocks.
std::optional<RemoteFrame> receive_frame(TlsStream& stream, std::uint64_t longest);
/// The same from a program with quotas, charged as it arrives; nothing also for what could never
/// fit. Throws QuotaError when there was no room for it: it has been read and is gone then.
std::optional<RemoteFrame> receive_frame(TlsStream& stream, const Account& account, Charge& charge);

/// Waits until there is something to read, or the end of, one of both.
struct Ready {
  bool stream = false;
  short local = 0;  // revents
};
Ready wait_for_either(const TlsStream& stream, int local, short local_events,
                      const platform::Deadline& deadline = std::nullopt);

}  // namespace brood::manager

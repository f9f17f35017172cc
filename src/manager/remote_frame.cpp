#include "manager/remote_frame.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "platform/poll.hpp"
#include "wire/frame.hpp"

namespace brood::manager {
namespace {

struct FrameStart {
  FrameKind kind{};
  std::uint32_t tokens = 0;
  std::uint64_t size = 0;
};

constexpr std::uint32_t most_tokens = 1 << 20;
constexpr std::size_t one_record = 16 * 1024;
constexpr std::size_t one_step = 1 << 20;

// Memory grows with what has arrived, not with what a peer claims.
bool receive_bytes(TlsStream& stream, detail::Bytes& target, std::uint64_t size) {
  while (size != 0) {
    const std::size_t step = std::min<std::uint64_t>(size, one_step);
    if (!stream.receive({target.extend(step), step})) return false;
    size -= step;
  }
  return true;
}

bool receive_tokens(TlsStream& stream, std::vector<Token>& tokens, std::uint32_t count) {
  for (; count != 0; --count) {
    if (!stream.receive(std::as_writable_bytes(std::span(&tokens.emplace_back(), 1)))) return false;
  }
  return true;
}

}  // namespace

bool send_frame(TlsStream& stream, FrameKind kind, std::span<const std::byte> bytes,
                std::span<const Token> tokens) {
  const FrameStart start{kind, static_cast<std::uint32_t>(tokens.size()), bytes.size()};
  detail::Bytes frame;
  frame.append(&start, sizeof start);
  frame.append(tokens.data(), tokens.size_bytes());
  if (bytes.size() > one_record) return stream.send(frame.view()) && stream.send(bytes);
  frame.append(bytes.data(), bytes.size());
  return stream.send(frame.view());
}

std::optional<RemoteFrame> receive_frame(TlsStream& stream) {
  FrameStart start;
  if (!stream.receive(std::as_writable_bytes(std::span(&start, 1)))) return std::nullopt;
  if (start.kind > FrameKind::drop || start.tokens > most_tokens ||
      start.size > wire::default_frame_limit)
    return std::nullopt;
  RemoteFrame frame;
  frame.kind = start.kind;
  if (!receive_tokens(stream, frame.tokens, start.tokens) ||
      !receive_bytes(stream, frame.bytes, start.size))
    return std::nullopt;
  return frame;
}

Ready wait_for_either(const TlsStream& stream, int local, short local_events) {
  if (stream.has_pending()) return {true, 0};
  std::array<pollfd, 2> watched{pollfd{stream.socket(), POLLIN, 0}, pollfd{local, local_events, 0}};
  platform::poll_until(watched, std::nullopt);
  return {watched[0].revents != 0, watched[1].revents};
}

bool got_the_answer(int socket) {
  pollfd watched{socket, POLLIN, 0};
  platform::poll_until({&watched, 1}, std::nullopt);
  if ((watched.revents & (POLLHUP | POLLERR)) == 0) return true;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error != ECONNRESET;
}

}  // namespace brood::manager

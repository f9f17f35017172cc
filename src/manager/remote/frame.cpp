#include "manager/remote/frame.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

#include "platform/poll.hpp"

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

/// Reads what no room was found for, without keeping it. False when the other end has gone.
bool skip(TlsStream& stream, std::uint64_t size) {
  std::vector<std::byte> unread(std::min<std::uint64_t>(size, one_step));
  while (size != 0) {
    const std::size_t step = std::min<std::uint64_t>(size, one_step);
    if (!stream.receive(std::span(unread).first(step))) return false;
    size -= step;
  }
  return true;
}

/// A frame as it arrives.
class Arriving {
 public:
  Arriving(TlsStream& stream, Charge& charge) : stream_(stream), charge_(charge) {}

  std::optional<RemoteFrame> receive(std::uint64_t longest) {
    FrameStart start;
    if (!stream_.receive(std::as_writable_bytes(std::span(&start, 1)))) return std::nullopt;
    if (start.kind > FrameKind::refused || start.tokens > most_tokens || start.size > longest)
      return std::nullopt;
    left_ = start.tokens * sizeof(Token) + start.size;
    RemoteFrame frame;
    frame.kind = start.kind;
    try {
      if (!receive_tokens(frame.tokens, start.tokens) || !receive_bytes(frame.bytes, start.size))
        return std::nullopt;
    } catch (const QuotaError&) {
      frame = {};
      charge_.clear();
      if (!skip(stream_, left_)) return std::nullopt;
      throw;
    }
    return frame;
  }

 private:
  void expect(std::size_t step) {
    charge_.add(step);
    left_ -= step;
  }
  bool receive_bytes(detail::Bytes& target, std::uint64_t size) {
    while (size != 0) {
      const std::size_t step = std::min<std::uint64_t>(size, one_step);
      expect(step);
      if (!stream_.receive({target.extend(step), step})) return false;
      size -= step;
    }
    return true;
  }
  bool receive_tokens(std::vector<Token>& tokens, std::uint32_t count) {
    constexpr std::uint32_t at_once = one_step / sizeof(Token);
    while (count != 0) {
      const std::uint32_t step = std::min(count, at_once);
      expect(step * sizeof(Token));
      tokens.resize(tokens.size() + step);
      if (!stream_.receive(std::as_writable_bytes(std::span(tokens).last(step)))) return false;
      count -= step;
    }
    return true;
  }

  TlsStream& stream_;
  Charge& charge_;
  std::uint64_t left_ = 0;  // not asked for yet
};

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

std::optional<RemoteFrame> receive_frame(TlsStream& stream, std::uint64_t longest) {
  Charge nothing;
  return Arriving(stream, nothing).receive(longest);
}

std::optional<RemoteFrame> receive_frame(TlsStream& stream, const Account& account,
                                         Charge& charge) {
  return Arriving(stream, charge).receive(account.most(Quota::bytes));
}

Ready wait_for_either(const TlsStream& stream, int local, short local_events,
                      const platform::Deadline& deadline) {
  if (stream.has_pending()) return {true, 0};
  std::array<pollfd, 2> watched{pollfd{stream.socket(), POLLIN, 0}, pollfd{local, local_events, 0}};
  platform::poll_until(watched, deadline);
  return {watched[0].revents != 0, watched[1].revents};
}

}  // namespace brood::manager

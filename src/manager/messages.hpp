#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <brood/detail/duration.hpp>

// What goes between a server and its clients. Both are the same program: structures go as they are.
namespace brood::manager {

/// On a lease, with one end of a new connection: serve what comes there.
struct ConnectMessage {
  static constexpr std::uint64_t right_kind = 0x62726f6f64636f6e;
  std::uint64_t kind = right_kind;
  std::uint64_t process = 0;  // drawn by the client
};

/// Begins every request on a connection; a code reference and the arguments follow.
struct RequestHeader {
  std::uint64_t object = 0;
  std::uint64_t thread = 0;  // of the client, told apart from its other ones
};

/// Begins every reply; the result follows, or the server's name and pid and the exception.
enum class Status : std::uint8_t { value, exception };

/// How long a call may wait: nanoseconds that are left; negative for ever.
enum class Patience : std::int64_t { for_ever = -1 };

inline Patience patience_until(const detail::Deadline& deadline) {
  if (!deadline) return Patience::for_ever;
  const auto now = std::chrono::steady_clock::now();
  // Long over: no difference that fits.
  return Patience{*deadline > now ? (*deadline - now).count() : 0};
}
inline detail::Deadline deadline_of(Patience patience) {
  const std::chrono::nanoseconds left(static_cast<std::int64_t>(patience));
  if (left.count() < 0) return std::nullopt;
  return detail::deadline_after(left);
}

}  // namespace brood::manager

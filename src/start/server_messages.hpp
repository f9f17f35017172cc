#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "platform/process.hpp"
#include "start/method.hpp"

// What an owner and its server say to each other. Both are the same build of the same program, so
// structures go as they are.
namespace brood::start {

struct Request {
  enum class Kind : std::uint32_t { setup, connect, start, abandon, signal };
  Kind kind = Kind::setup;
  std::uint32_t sequence = 0;    // start, abandon
  Role role = Role::worker;      // start
  std::uint64_t hooks_size = 0;  // setup: bytes in the memfd that comes along; 0: none does
  // start: descriptors are report, input, owner, descriptor_channel, then these where there are
  // such
  std::uint32_t has_directory = 0;
  std::uint32_t has_output = 0;  // the owner's, of the moment
  std::uint32_t has_errors = 0;
  std::int32_t pid = 0;     // signal: a child of this connection
  std::int32_t number = 0;  // signal
  char name[64] = {};       // start
};

struct Reply {
  enum class Kind : std::uint32_t { ready, failed, started, refused, exited };
  Kind kind = Kind::ready;
  std::uint32_t sequence = 0;  // started, refused
  std::int32_t pid = 0;        // started (its pidfd comes along), exited
  std::int32_t error = 0;      // refused: errno
  char call[24] = {};          // refused: the call that failed
  platform::Ended end{};       // exited
  // failed: the text follows
};

static_assert(std::is_trivially_copyable_v<Request> && std::is_trivially_copyable_v<Reply>);

template <class T>
std::span<const std::byte> bytes_of(const T& message) {
  return std::as_bytes(std::span(&message, 1));
}

/// The structure at the start of a message; nothing when the message is too short.
template <class T>
std::optional<T> parse(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T message;
  std::memcpy(&message, bytes.data(), sizeof message);
  return message;
}

/// Copies `text` into a field of fixed size, cut where it does not fit.
template <std::size_t N>
void put_text(char (&field)[N], const char* text) {
  std::strncpy(field, text, N - 1);
  field[N - 1] = '\0';
}

}  // namespace brood::start

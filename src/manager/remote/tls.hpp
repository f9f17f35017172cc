#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "platform/descriptor.hpp"
#include "platform/futex.hpp"
#include "platform/secret_bytes.hpp"

namespace brood::manager {

enum class TlsRole : bool { client, server };

/// What connections of one key have in common. Both ends prove to each other that they have the
/// key (TLS 1.3 with an external PSK, derived by scrypt) and draw new keys for each connection
/// (ECDHE): a later owner of the key cannot read what was recorded. Threads: any.
class TlsContext {
 public:
  /// Takes some 50 ms, on purpose: an attacker that has recorded a handshake may guess keys. Throws
  /// SystemError.
  TlsContext(const platform::SecretBytes& key, TlsRole role);

 private:
  friend class TlsStream;
  struct State;
  std::shared_ptr<State> state_;
};

/// A connection. Threads: one at a time; SIGPIPE is blocked in it.
class TlsStream {
 public:
  /// Over a connected, non-blocking socket. Blocks until both ends are sure of each other. Throws
  /// AuthenticationError; SystemError at the deadline and when the other end has gone: then the
  /// caller still has the socket.
  TlsStream(const TlsContext& context, platform::Descriptor&& socket,
            const platform::Deadline& deadline);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  int socket() const noexcept;
  /// Whether something can be read though the socket may have nothing.
  bool has_pending() const noexcept;
  /// False when the other end has gone, or neither reads nor writes for half a minute.
  bool send(std::span<const std::byte> bytes);
  /// Fills all of it; false as send().
  bool receive(std::span<std::byte> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace brood::manager

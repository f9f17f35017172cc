#include "manager/remote/tls.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <string_view>
#include <utility>

#include <brood/errors.hpp>
#include <brood/manager.hpp>
#include "platform/poll.hpp"

namespace brood::manager {

struct TlsContext::State {
  platform::SecretBytes key{48};  // as long as the hash of the cipher
  SSL_CTX* context = nullptr;
  TlsRole role = TlsRole::client;

  ~State() { SSL_CTX_free(context); }
};

struct TlsStream::State {
  std::shared_ptr<TlsContext::State> context;
  platform::Descriptor socket;
  SSL* ssl = nullptr;

  ~State() { SSL_free(ssl); }
};

namespace {

constexpr std::string_view identity = "brood manager 1";       // also the salt
constexpr std::array<unsigned char, 2> cipher_id{0x13, 0x02};  // TLS_AES_256_GCM_SHA384
constexpr std::chrono::seconds longest_stall{30};

[[noreturn]] void refuse(const char* call) { throw SystemError(call, "preparing TLS", ENOMEM); }

const unsigned char* identity_bytes() {
  return reinterpret_cast<const unsigned char*>(identity.data());
}

unsigned char* raw(const platform::SecretBytes& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.bytes().data());
}

// The PSK as OpenSSL wants it: a session that seems to have been before.
SSL_SESSION* make_session(SSL* ssl) {
  const auto& key =
      *static_cast<const platform::SecretBytes*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  SSL_SESSION* const session = SSL_SESSION_new();
  const SSL_CIPHER* const cipher = SSL_CIPHER_find(ssl, cipher_id.data());
  if (session != nullptr && cipher != nullptr &&
      SSL_SESSION_set1_master_key(session, raw(key), key.size()) == 1 &&
      SSL_SESSION_set_cipher(session, cipher) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1)
    return session;
  SSL_SESSION_free(session);
  return nullptr;
}

// A proven connection has keys of its own, and no use any more for the PSK in its session, which
// lies where a core file has it.
void forget_key(SSL* ssl) noexcept {
  constexpr std::array<unsigned char, 48> nothing{};
  SSL_SESSION_set1_master_key(SSL_get_session(ssl), nothing.data(), nothing.size());
  platform::wipe_traces();
}

int use_key(SSL* ssl, const EVP_MD*, const unsigned char** id, std::size_t* size,
            SSL_SESSION** session) {
  *session = make_session(ssl);
  *id = identity_bytes();
  *size = identity.size();
  return *session != nullptr ? 1 : 0;
}

int find_key(SSL* ssl, const unsigned char* id, std::size_t size, SSL_SESSION** session) {
  *session = nullptr;
  if (!std::equal(id, id + size, identity_bytes(), identity_bytes() + identity.size())) return 1;
  *session = make_session(ssl);
  return *session != nullptr ? 1 : 0;
}

// Waits for what OpenSSL wants of the socket. False at the deadline, and when it wants nothing.
bool wait_for(SSL* ssl, int socket, int result, const platform::Deadline& deadline) {
  const int error = SSL_get_error(ssl, result);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
  pollfd watched{socket, static_cast<short>(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
  return platform::poll_until({&watched, 1}, deadline) > 0;
}

/// Calls SSL_write or SSL_read until all is done; false at the end, and where nothing moves for
/// long.
template <class Byte, class Move>
bool move_all(SSL* ssl, int socket, std::span<Byte> bytes, Move move) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int most = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
    const int count = move(ssl, bytes.data(), most);
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (!wait_for(ssl, socket, count, std::chrono::steady_clock::now() + longest_stall)) {
      return false;
    }
  }
  return true;
}

}  // namespace

TlsContext::TlsContext(const platform::SecretBytes& key, TlsRole role)
    : state_(std::make_shared<State>()) {
  // Threads of ours may outlive main: nothing is taken from under them.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  constexpr std::uint64_t n = 1 << 14, r = 8, p = 1, most_memory = 64 << 20;
  if (EVP_PBE_scrypt(reinterpret_cast<const char*>(raw(key)), key.size(), identity_bytes(),
                     identity.size(), n, r, p, most_memory, raw(state_->key),
                     state_->key.size()) != 1)
    refuse("EVP_PBE_scrypt");
  platform::wipe_traces();
  state_->role = role;
  state_->context =
      SSL_CTX_new(role == TlsRole::client ? TLS_client_method() : TLS_server_method());
  SSL_CTX* const context = state_->context;
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384") != 1)
    refuse("SSL_CTX_new");
  SSL_CTX_set_app_data(context, &state_->key);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (role == TlsRole::client) {
    // No certificate is any good: only the key is.
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_psk_use_session_callback(context, use_key);
  } else {
    SSL_CTX_set_psk_find_session_callback(context, find_key);
  }
}

TlsStream::TlsStream(const TlsContext& context, platform::Descriptor&& socket,
                     const platform::Deadline& deadline)
    : state_(std::make_unique<State>()) {
  state_->context = context.state_;
  SSL* const ssl = state_->ssl = SSL_new(context.state_->context);
  const int number = socket.get();
  if (ssl == nullptr || SSL_set_fd(ssl, number) != 1) refuse("SSL_new");
  const bool is_client = context.state_->role == TlsRole::client;
  for (;;) {
    ERR_clear_error();
    const int result = is_client ? SSL_connect(ssl) : SSL_accept(ssl);
    if (result == 1) break;
    if (wait_for(ssl, number, result, deadline)) continue;
    const int error = SSL_get_error(ssl, result);
    if (error == SSL_ERROR_SSL &&
        ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
      throw AuthenticationError(
          "brood::Manager: the other end does not have the same key, or is no manager");
    throw SystemError(
        "SSL_connect", "connecting to a manager's server",
        error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL ? ECONNRESET : ETIMEDOUT);
  }
  // Else something but the key would have convinced us.
  if (SSL_session_reused(ssl) != 1)
    throw AuthenticationError("brood::Manager: the other end has not shown that it has the key");
  forget_key(ssl);
  state_->socket = std::move(socket);
}

TlsStream::~TlsStream() = default;

int TlsStream::socket() const noexcept { return state_->socket.get(); }
bool TlsStream::has_pending() const noexcept { return SSL_has_pending(state_->ssl) == 1; }

bool TlsStream::send(std::span<const std::byte> bytes) {
  return move_all(state_->ssl, socket(), bytes, SSL_write);
}

bool TlsStream::receive(std::span<std::byte> bytes) {
  return move_all(state_->ssl, socket(), bytes, SSL_read);
}

}  // namespace brood::manager

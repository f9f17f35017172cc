#include <brood/connection.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <brood/detail/codec/descriptor_ref.hpp>
#include "base/mutex.hpp"
#include "platform/socket.hpp"
#include "shared/envelope.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood {

namespace {

enum class Access : std::uint8_t { both, read, write };

[[noreturn]] void refuse(const char* why) {
  throw UsageError(std::string("brood::Connection: ") + why);
}

}  // namespace

/// One end, for its handles in this process.
class Connection::State {
 public:
  State(detail::DescriptorRef socket, Access access)
      : socket_(std::move(socket)), access_(access) {}

  Access access() const noexcept { return access_; }
  bool reads() const noexcept { return access_ != Access::write; }
  bool writes() const noexcept { return access_ != Access::read; }
  /// A caller keeps it open while it uses it, although it is closed meanwhile. Null when closed.
  detail::DescriptorRef socket_or_null() const {
    const base::MutexLock lock(mutex_);
    return socket_;
  }
  detail::DescriptorRef socket() const {
    if (detail::DescriptorRef socket = socket_or_null()) return socket;
    refuse("it is closed");
  }
  void close() noexcept {
    detail::DescriptorRef dropped;
    const base::MutexLock lock(mutex_);
    dropped.swap(socket_);
  }

 private:
  mutable base::Mutex mutex_;
  detail::DescriptorRef socket_ BROOD_GUARDED_BY(mutex_);
  const Access access_;
};

Connection::State& Connection::state() const {
  if (!state_) refuse("it refers to nothing: it was default constructed or moved from");
  return *state_;
}

void Connection::send_encoded(const detail::Bytes& bytes) {
  if (!state().writes()) refuse("this end only reads");
  const detail::DescriptorRef socket = state().socket();
  if (!shared::send_envelope(socket->get(), bytes.view(), bytes.attached()))
    throw SystemError("sendmsg", "sending to a connection without a reader", EPIPE);
}

std::optional<detail::Envelope> Connection::receive() {
  if (!state().reads()) refuse("this end only writes");
  const detail::DescriptorRef socket = state().socket();
  return shared::receive_envelope_or_leave(socket->get());
}

void Connection::send_bytes(std::span<const std::byte> bytes) {
  send_encoded(detail::Bytes(bytes));
}

Received<std::vector<std::byte>> Connection::recv_bytes() {
  const std::optional<detail::Envelope> envelope = receive();
  if (!envelope) return {};
  const auto view = envelope->view();
  return std::vector<std::byte>(view.begin(), view.end());
}

Received<std::size_t> Connection::recv_bytes_into(std::span<std::byte> target) {
  const std::optional<detail::Envelope> envelope = receive();
  if (!envelope) return {};
  const auto view = envelope->view();
  if (view.size() > target.size())
    throw BufferTooShort(std::vector<std::byte>(view.begin(), view.end()));
  if (!view.empty()) std::memcpy(target.data(), view.data(), view.size());
  return view.size();
}

bool Connection::poll_by(const detail::Deadline& deadline) {
  if (!state().reads()) refuse("this end only writes");
  const detail::DescriptorRef socket = state().socket();
  return shared::wait_readable(socket->get(), deadline);
}

int Connection::file_descriptor() const { return state().socket()->get(); }
bool Connection::readable() const noexcept { return state_ && state_->reads(); }
bool Connection::writable() const noexcept { return state_ && state_->writes(); }
bool Connection::closed() const noexcept { return !state_ || !state_->socket_or_null(); }

void Connection::close() noexcept {
  if (state_) state_->close();
}

void Connection::save(OutputArchive& archive) const {
  const detail::DescriptorRef socket = state_ ? state_->socket() : nullptr;
  detail::put_descriptor(archive, socket);
  archive(static_cast<std::uint8_t>(state_->access()));
}

void Connection::load(InputArchive& archive) {
  detail::DescriptorRef socket = detail::take_descriptor(archive);
  std::uint8_t access = 0;
  archive(access);
  if (socket->kind() != detail::SharedDescriptor::Kind::stream ||
      !platform::is_message_socket(socket->get()) ||
      access > static_cast<std::uint8_t>(Access::write))
    throw CodecError(CodecError::Direction::decode, "brood::Connection",
                     "what came along is no end of a connection");
  state_ = std::make_shared<State>(std::move(socket), static_cast<Access>(access));
}

std::pair<Connection, Connection> pipe(Duplex duplex) {
  platform::SocketPair ends = platform::make_socket_pair();
  const auto make = [](platform::Descriptor socket, Access access) {
    Connection end;
    end.state_ = std::make_shared<Connection::State>(
        detail::share_descriptor(std::move(socket), detail::SharedDescriptor::Kind::stream),
        access);
    return end;
  };
  if (duplex == Duplex::yes)
    return {make(std::move(ends.ours), Access::both), make(std::move(ends.theirs), Access::both)};
  // The reader never writes: then its end sees the end of the stream when all writers are gone.
  ::shutdown(ends.ours.get(), SHUT_WR);
  return {make(std::move(ends.ours), Access::read), make(std::move(ends.theirs), Access::write)};
}

}  // namespace brood

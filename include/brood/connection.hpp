#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/callable.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/parcel.hpp>
#include <brood/received.hpp>

namespace brood {

/// Whether both ends of a pipe may send.
enum class Duplex : bool { no, yes };

/// One end of a pipe that messages go through, whole or not at all. A handle: its copies are the
/// same end, and it may be sent to another process, in a task's arguments, through a queue or
/// another connection, without closing here.
/// The end of the stream comes when every copy of the other end is closed or its process has ended.
/// Threads: any; messages of several writers do not mix, each message has one reader. Fork: a
/// `Process` has a copy of every open end, as in Python, and closes those that it does not need; a
/// pool's forked worker has none but those it is given.
class BROOD_API Connection {
 public:
  /// Refers to nothing; every use throws UsageError.
  Connection() = default;

  /// Sends a value. Blocks while the other end has much unread (some hundred messages, or 200 KB;
  /// what is larger than 60 KB goes through memory and does not count). Throws CodecError, before
  /// anything is sent; SystemError with EPIPE when nobody can read it any more; UsageError for a
  /// closed or read-only end. Cost: one system call.
  template <class T>
  void send(const T& value) {
    using Value = detail::stored_t<T>;
    detail::Bytes bytes;
    if constexpr (std::is_same_v<Value, T>) {
      detail::encode_value(bytes, value);
    } else {
      detail::encode_value<Value>(bytes, Value(value));
    }
    send_encoded(bytes);
  }
  /// Receives a value of the type that was sent; nothing at the end of the stream. Blocks until one
  /// of them is there. Throws CodecError for a message that is no T; SystemError, also when its
  /// descriptors find no room in this process (EMFILE; one of more than 60 KB is a descriptor): it
  /// stays, whole, for the next call. UsageError for a closed or write-only end.
  template <class T>
  Received<T> recv() {
    const std::optional<detail::Parcel> parcel = receive();
    if (!parcel) return {};
    return detail::open_parcel<T>(*parcel);
  }
  /// Sends a message of plain bytes; as send().
  void send_bytes(std::span<const std::byte> bytes);
  template <std::convertible_to<std::string_view> Text>
  void send_bytes(const Text& text) {
    send_bytes(std::as_bytes(std::span(std::string_view(text))));
  }
  /// A message as it was sent; nothing at the end of the stream. As recv().
  Received<std::vector<std::byte>> recv_bytes();
  /// Receives into `target` and returns the size of the message. Throws BufferTooShort, which has
  /// the message, when it is larger.
  Received<std::size_t> recv_bytes_into(std::span<std::byte> target);

  /// Whether recv() would not block: a message is there, or the stream has ended.
  bool poll() { return poll_until(std::chrono::steady_clock::now()); }
  /// The same, waiting for at most `timeout`.
  template <class Rep, class Period>
  bool poll(std::chrono::duration<Rep, Period> timeout) {
    return poll_until(detail::deadline_after(timeout));
  }

  /// The number of the socket, for poll(2) and brood::wait; it stays this handle's.
  int file_descriptor() const;
  bool readable() const noexcept;
  bool writable() const noexcept;
  bool closed() const noexcept;
  /// Closes this end for all of its handles in this process. Never throws; twice is once.
  /// Who is in recv() with it in another thread goes on waiting.
  void close() noexcept;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

  class State;

 private:
  void send_encoded(const detail::Bytes& bytes);
  std::optional<detail::Parcel> receive();
  bool poll_until(const detail::Deadline& deadline);
  State& state() const;
  friend BROOD_API std::pair<Connection, Connection> pipe(Duplex);

  std::shared_ptr<State> state_;
};

/// A message was larger than the buffer that it was to go to.
class BROOD_API BufferTooShort : public Error {
 public:
  explicit BufferTooShort(std::vector<std::byte> message);
  ~BufferTooShort() override;
  /// The whole message.
  const std::vector<std::byte>& message() const noexcept { return message_; }

 private:
  std::vector<std::byte> message_;
};

/// Two connected ends. For Duplex::no the first reads and the second writes.
/// Throws SystemError.
BROOD_API std::pair<Connection, Connection> pipe(Duplex duplex = Duplex::yes);

}  // namespace brood

#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/codec.hpp>
#include <brood/detail/chrono.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/codec/envelope.hpp>
#include <brood/detail/duration.hpp>
#include <brood/detail/export.hpp>
#include <brood/object_errors.hpp>
#include <brood/received.hpp>

namespace brood {

/// Whether both ends of a pipe can send and receive, or one sends and the other receives.
enum class Duplex : bool { no, yes };

/// One end of a pipe for messages. A message arrives whole or not at all. A handle: its copies are
/// the same end. It may be sent to another process, in a task's arguments, through a queue or
/// another connection, and stays open here.
/// The stream ends when every copy of the other end is closed, by close() or by the end of its
/// process.
/// Threads: any. Messages of several senders do not mix, and each message has one receiver.
/// Fork: a forked `Process` has a copy of every open end, as in Python, and must close those that
/// it does not need. A pool's forked worker has only those that are sent to it.
/// A function blocks only where it says so. Cost: a few system calls for each message.
class BROOD_API Connection {
 public:
  /// Refers to nothing: closed() is true, and sending and receiving throw UsageError.
  Connection() = default;

  /// Sends a value. Blocks while the other end has much unread (some hundred messages, or 200 KB; a
  /// message of more than 60 KB goes through shared memory and does not count). Throws CodecError,
  /// before anything is sent; SystemError with EPIPE when no process can read it any more;
  /// UsageError for a closed or read-only end. Cost: one system call.
  template <class T>
  void send(const T& value) {
    using Value = detail::stored_t<T>;
    if constexpr (detail::Demand<Value>().accepted()) {
      detail::Bytes bytes;
      detail::encode_value<Value>(bytes, detail::as_stored<Value>(value));
      send_encoded(bytes);
    }
  }
  /// Receives a value of the type that was sent; empty at the end of the stream. Blocks until there
  /// is a message or the stream ends. Throws CodecError for a message that is no T; UsageError for
  /// a closed or write-only end; SystemError. With EMFILE this process had no room for the
  /// message's descriptors (a message of more than 60 KB is one): the next call gets the whole
  /// message.
  template <class T>
  Received<T> recv() {
    if constexpr (detail::Demand<T>().accepted()) {
      const std::optional<detail::Envelope> envelope = receive();
      if (envelope) return detail::open_envelope<T>(*envelope);
    }
    return {};
  }
  /// Sends a message of plain bytes. Blocks and throws as send() does.
  void send_bytes(std::span<const std::byte> bytes);
  /// Same, with the bytes of a text.
  template <std::convertible_to<std::string_view> Text>
  void send_bytes(const Text& text) {
    send_bytes(std::as_bytes(std::span(std::string_view(text))));
  }
  /// The bytes of a message; empty at the end of the stream. Blocks and throws as recv() does.
  Received<std::vector<std::byte>> recv_bytes();
  /// Same, but copies the message to `target` and returns its size in bytes. Throws BufferTooShort,
  /// which holds the message, when the message is larger than `target`.
  Received<std::size_t> recv_bytes_into(std::span<std::byte> target);

  /// Whether recv() would return at once: a message is there, or the stream has ended. Never
  /// blocks. Throws UsageError for a closed or write-only end.
  bool poll() { return poll_by(std::chrono::steady_clock::now()); }
  /// Same, but waits for a message or the end for at most `timeout`.
  template <class Rep, class Period>
  bool poll(std::chrono::duration<Rep, Period> timeout) {
    return poll_by(detail::deadline_after(timeout));
  }
  /// Same, but waits until `time` at most.
  bool poll_until(std::chrono::steady_clock::time_point time) {
    return poll_by(detail::deadline_at(time));
  }

  /// The number of the socket, for poll(2) and brood::wait. Do not close it. Throws UsageError for
  /// a closed end.
  int file_descriptor() const;
  /// Whether this end can receive; false where it refers to nothing.
  bool readable() const noexcept;
  /// Whether this end can send; false where it refers to nothing.
  bool writable() const noexcept;
  /// Whether close() was called in this process, or the handle refers to nothing.
  bool closed() const noexcept;
  /// Closes this end for all of its handles in this process. A second call does nothing. Another
  /// thread that is in recv() goes on waiting.
  void close() noexcept;

  /// Encodes the handle. Throws UsageError for a closed end; CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no Connection.
  void load(InputArchive& archive);

 private:
  class State;
  void send_encoded(const detail::Bytes& bytes);
  std::optional<detail::Envelope> receive();
  bool poll_by(const detail::Deadline& deadline);
  State& state() const;
  friend BROOD_API std::pair<Connection, Connection> pipe(Duplex);

  std::shared_ptr<State> state_;
};

/// Makes a pipe and returns its two ends. With Duplex::no the first receives and the second sends.
/// Does not block. Throws SystemError. Threads: any. Cost: two sockets, a few system calls.
BROOD_API std::pair<Connection, Connection> pipe(Duplex duplex = Duplex::yes);

}  // namespace brood

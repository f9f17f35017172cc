#pragma once

#include <sys/uio.h>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "platform/descriptor.hpp"

namespace brood::platform {

struct SocketPair {
  Descriptor ours, theirs;
};

/// A pair of connected SOCK_SEQPACKET sockets: no path, no name, message boundaries kept. Throws
/// SystemError.
SocketPair make_socket_pair();

/// Whether it is such a socket, or one that is like it.
bool is_message_socket(int descriptor) noexcept;

/// The process that has made the pair that this socket is of, as the kernel knows it; 0 where that
/// does not say.
int maker_of(int socket) noexcept;

struct Message {
  std::vector<std::byte> bytes;
  std::vector<Descriptor> descriptors;
  bool descriptors_lost = false;  // one or more found no room in this process
};

/// No message may be longer; every end of a socket can rely on it.
inline constexpr std::size_t max_message_size = 64 * 1024;
inline constexpr std::size_t max_message_descriptors = 16;

enum class SendState : unsigned char {
  sent,
  would_block,
  crowded,  // this user has as many descriptors on their way as the system allows (unix(7))
  gone,
};
enum class Waiting : bool { no, yes };
enum class Taking : bool { no, yes };
/// Sends one message that lies in several parts, with at most max_message_descriptors. Waits for
/// room only where that is asked for, and the socket is a blocking one. Throws SystemError, which
/// says that it was for `what`.
SendState send_parts(int socket, std::span<const iovec> parts, std::span<const int> descriptors,
                     Waiting waiting, const char* what);
/// What one message left in a buffer.
struct Arrived {
  std::span<const std::byte> bytes;
  std::vector<Descriptor> descriptors;
  bool descriptors_lost = false;  // see Message
  bool cut = false;               // it has more bytes than the buffer, or too many descriptors
};
/// Receives one message into `buffer`; nothing at end of stream, or where none is there and none is
/// waited for. One that is not taken comes again. Empty messages, which nothing of ours sends, are
/// passed over with their descriptors. Throws SystemError, which says that it was for `what`.
std::optional<Arrived> receive_into(int socket, std::span<std::byte> buffer, Waiting waiting,
                                    Taking taking, const char* what);
/// The same for where an empty message is an error, which is the caller's to throw: waits for one,
/// an empty one too, and takes it. Never waits behind one.
std::optional<Arrived> receive_next(int socket, std::span<std::byte> buffer, const char* what);
/// Sends one message with descriptors if the socket has room for it now. Throws SystemError.
SendState try_send_message(int socket, std::span<const std::byte> bytes,
                           std::span<const int> descriptors = {});
/// Sends one message, not empty, with descriptors; false when the peer is gone (never SIGPIPE).
/// Throws SystemError.
bool send_message(int socket, std::span<const std::byte> bytes,
                  std::span<const int> descriptors = {});
/// Receives one message, waiting for at most `timeout_ms` (-1: for ever); nothing at end of stream
/// or when the time is over (`timed_out` says which, where given). Received descriptors are
/// close-on-exec and 3 or above. Throws SystemError, with EMFILE when a descriptor of the message
/// found no room (the message is gone then).
std::optional<Message> receive_message(int socket, int timeout_ms = -1, bool* timed_out = nullptr);
/// The same, but a message whose descriptors found no room is returned without them, marked.
std::optional<Message> receive_message_lossy(int socket, int timeout_ms = -1,
                                             bool* timed_out = nullptr);

}  // namespace brood::platform

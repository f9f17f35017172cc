#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <brood/detail/bytes.hpp>
#include "platform/descriptor.hpp"
#include "platform/socket.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::transfer {

// Descriptors of shared objects over a SOCK_SEQPACKET socket, each message for one attachment
// group.

/// Sends without waiting; what did not fit stays in `descriptors`. Throws SystemError.
platform::SendState send_descriptors(int socket, std::uint64_t attachment_group,
                                     std::span<const detail::DescriptorRef>& descriptors);
struct ReceivedDescriptors {
  bool received = false;  // false: nothing waits
  std::uint64_t attachment_group = 0;
  bool lost = false;  // they found no room in this process
  std::vector<detail::DescriptorRef> descriptors;
};
/// The next message, without waiting. One whose descriptors find no room in this process comes
/// without them. Throws SystemError.
ReceivedDescriptors receive_descriptors(int socket);
/// The same, and the message stays until it is dropped.
ReceivedDescriptors peek_descriptors(int socket);
void drop_descriptors(int socket) noexcept;

/// A socket in which all of these wait, to be sent like one descriptor; nothing where this user has
/// too many on the way now. Throws SystemError; CodecError when they are more than `what` may have,
/// which is sent with them.
std::optional<platform::Descriptor> enclose(std::span<const detail::DescriptorRef> descriptors,
                                            const char* what);
/// What waits in such a socket. Throws CodecError where that was not enclosed; SystemError.
std::vector<detail::DescriptorRef> take_out(platform::Descriptor enclosed);
/// The same, and it stays there; empty where it was not enclosed: then decoding misses them.
/// Nothing where they find no room in this process. One process at a time. Throws SystemError.
std::optional<std::vector<detail::DescriptorRef>> look_into(int enclosed);

/// The kernel does not tell when there is room after SendState::crowded: this is when to try again.
inline constexpr std::chrono::milliseconds crowd_time{5};

/// One end of the socket pair beside a worker's page, or the pipe of a brood::Process, over which
/// descriptors of shared objects go in both directions. An `attachment_group` says what they belong
/// to; what comes is kept until its attachment group is dropped. Threads: one at a time.
class DescriptorChannel {
 public:
  DescriptorChannel() = default;
  explicit DescriptorChannel(platform::Descriptor socket) : socket_(std::move(socket)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }
  int number() const noexcept { return socket_.get(); }
  /// Sends without waiting; what did not fit stays in `descriptors`. Throws SystemError.
  platform::SendState send(std::uint64_t attachment_group,
                           std::span<const detail::DescriptorRef>& descriptors) {
    return last_ = send_descriptors(socket_.get(), attachment_group, descriptors);
  }
  /// The same, and waits for room. False when the other end is closed. Throws SystemError.
  bool send_all(std::uint64_t attachment_group, std::span<const detail::DescriptorRef> descriptors);
  /// Blocks until sending is worth another try, or the other end is closed.
  void wait_for_room() const noexcept;
  /// Takes what has come, without waiting. What found no room in this process is lost: decoding
  /// says so.
  void receive();
  /// One that has come under this token, of the latest attachment group that has any; null where
  /// none has.
  detail::DescriptorRef find(detail::SharedDescriptor::Token token) const;
  /// All that has come for this attachment group, which is dropped.
  std::vector<detail::DescriptorRef> take(std::uint64_t attachment_group) {
    const auto found = kept_.extract(attachment_group);
    return found ? std::move(found.mapped()) : std::vector<detail::DescriptorRef>();
  }
  void drop(std::uint64_t attachment_group) { kept_.erase(attachment_group); }

 private:
  platform::Descriptor socket_;
  platform::SendState last_ = platform::SendState::sent;
  std::map<std::uint64_t, std::vector<detail::DescriptorRef>> kept_;
};

}  // namespace brood::transfer

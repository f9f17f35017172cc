#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include <brood/detail/bytes.hpp>
#include "platform/descriptor.hpp"
#include "platform/socket.hpp"

namespace brood::platform {

// Descriptors of shared objects over a SOCK_SEQPACKET socket, each message for one group.

/// Sends without waiting; what did not fit stays in `descriptors`. Throws SystemError.
SendState send_descriptors(int socket, std::uint64_t group,
                           std::span<const detail::DescriptorRef>& descriptors);
struct Escorted {
  bool received = false;  // false: nothing waits
  std::uint64_t group = 0;
  bool lost = false;  // they found no room in this process
  std::vector<detail::DescriptorRef> descriptors;
};
/// The next message, without waiting. One whose descriptors find no room in this process comes
/// without them. Throws SystemError.
Escorted receive_descriptors(int socket);
/// Group of the next message, which stays; nothing when none waits.
std::optional<std::uint64_t> next_group(int socket);

/// One end of the socket pair beside a process's pipes, over which descriptors of shared objects go
/// in both directions. A `group` says what they belong to; what comes is kept until its group is
/// dropped. Threads: one at a time.
class Escort {
 public:
  Escort() = default;
  explicit Escort(Descriptor socket) : socket_(std::move(socket)) {}

  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }
  int number() const noexcept { return socket_.get(); }
  /// Sends without waiting; what did not fit stays in `descriptors`. Throws SystemError.
  SendState send(std::uint64_t group, std::span<const detail::DescriptorRef>& descriptors) {
    return send_descriptors(socket_.get(), group, descriptors);
  }
  /// The same, and waits for room. False when nobody is at the other end. Throws SystemError.
  bool send_all(std::uint64_t group, std::span<const detail::DescriptorRef> descriptors);
  /// Blocks until one more can be sent, or nobody is at the other end.
  void wait_for_room() const noexcept;
  /// Takes what has come, without waiting. What found no room in this process is lost: decoding
  /// says so.
  void receive();
  /// What has come for a group, from now on the caller's.
  std::vector<detail::DescriptorRef> take(std::uint64_t group);
  void drop(std::uint64_t group) { kept_.erase(group); }
  template <class Visit>
  void take_all(Visit visit) {
    for (auto& [group, descriptors] : kept_) visit(group, std::move(descriptors));
    kept_.clear();
  }

 private:
  Descriptor socket_;
  std::map<std::uint64_t, std::vector<detail::DescriptorRef>> kept_;
};

}  // namespace brood::platform

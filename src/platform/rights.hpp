#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "platform/descriptor.hpp"

namespace brood::platform {

// Descriptors that come with a message (SCM_RIGHTS, unix(7)). The kernel closes what the receiver
// has no place for, in the thread that receives, and such a close may wait (foreign_close.hpp). So
// there is a place for all that a message can bring, and the table is looked at before.

/// The most that one message can bring (SCM_MAX_FD of the kernel).
inline constexpr std::size_t most_rights = 253;
/// What the kernel adds where an option of the receiving socket asks for it. Any process with a
/// copy of that socket can set those, at any time (SO_PASSPIDFD, SO_PASSCRED, SO_PASSSEC).
inline constexpr std::size_t most_pidfds = 1;
inline constexpr std::size_t longest_label = 4096;  // bytes, of a security module

/// What a message is received into.
class Envelope {
 public:
  explicit Envelope(std::span<std::byte> buffer) noexcept;
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;

  /// One recvmsg(2): -1 with errno where nothing was received.
  ssize_t receive(int socket, int flags) noexcept;
  /// The same in a thread with a descriptor table of its own, without waiting: what comes with the
  /// message is closed with that thread. -1 where nothing was received, and where the system allows
  /// no such thread.
  ssize_t receive_apart(int socket) noexcept;

  /// Whether descriptors came, or were lost on their way into this process.
  bool has_rights() const noexcept;
  /// recvmsg(2), unix(7): MSG_CTRUNC is also how the kernel says that the descriptor table is full.
  bool lost_rights() const noexcept { return (header_.msg_flags & MSG_CTRUNC) != 0; }
  bool cut() const noexcept { return (header_.msg_flags & MSG_TRUNC) != 0; }
  /// What came, 3 or above. Throws SystemError, std::bad_alloc: all are closed then.
  std::vector<Descriptor> take_rights();
  void close_rights() noexcept;

 private:
  template <class Visitor>
  void for_each(int type, Visitor visit) const;

  static constexpr std::size_t control_size = CMSG_SPACE(sizeof(int) * most_rights) +
                                              CMSG_SPACE(sizeof(int) * most_pidfds) +
                                              CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(longest_label);
  alignas(cmsghdr) std::array<char, control_size> control_;
  iovec part_;
  msghdr header_{};
};

/// How many descriptors this process may have.
std::size_t descriptor_limit() noexcept;
/// Whether the descriptor table has room for all that a message can bring. Cost: a microsecond and
/// a half.
bool has_room_for_rights() noexcept;

}  // namespace brood::platform

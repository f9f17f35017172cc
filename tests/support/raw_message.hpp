#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

// Messages that no library has written.
namespace brood::testing {

/// Sends one with descriptors; false where it was not sent. `flags` as for sendmsg(2).
inline bool send_raw(int socket, const void* bytes, std::size_t size,
                     std::span<const int> descriptors = {}, int flags = MSG_DONTWAIT) {
  std::vector<char> control(CMSG_SPACE(descriptors.size_bytes()));
  iovec part{const_cast<void*>(bytes), size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | flags) >= 0;
}

}  // namespace brood::testing

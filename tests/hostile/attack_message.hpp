#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "hostile/attack.hpp"

// Messages to sockets of the library, with things in them that do not belong there.
namespace brood::hostile {

inline constexpr std::size_t most_descriptors = 253;  // in one message: unix(7)

/// Sends without waiting, with so many copies of `descriptor`.
inline bool send(int socket, std::string bytes, int descriptor = -1, std::size_t copies = 0) {
  std::vector<int> numbers(copies, descriptor);
  std::vector<char> control(CMSG_SPACE(sizeof(int) * copies));
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (copies != 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * copies);
    std::memcpy(CMSG_DATA(header), numbers.data(), sizeof(int) * copies);
  }
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/// Something that has a number and is not what is expected.
class Thing {
 public:
  explicit Thing(Dice& dice) {
    switch (dice.up_to(3)) {
      case 0:
        number_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        break;
      case 1:
        number_ = ::eventfd(0, EFD_CLOEXEC);
        break;
      case 2:
        number_ = ::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        break;
      default: {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) break;
        number_ = ends[0];
        ::close(ends[1]);
      }
    }
  }
  ~Thing() { ::close(number_); }
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;
  int number() const { return number_; }

 private:
  int number_ = -1;
};

}  // namespace brood::hostile

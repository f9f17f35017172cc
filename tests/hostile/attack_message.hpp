#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <vector>

#include "hostile/attack.hpp"
#include "support/raw_message.hpp"

// Messages to sockets of the library, with things in them that do not belong there.
namespace brood::hostile {

inline constexpr std::size_t most_descriptors = 253;  // in one message: unix(7)

/// Sends without waiting, with so many copies of `descriptor`.
inline bool send(int socket, const std::string& bytes, int descriptor = -1,
                 std::size_t copies = 0) {
  std::vector<int> numbers(copies, descriptor);
  return testing::send_raw(socket, bytes.data(), bytes.size(), numbers);
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

#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "hostile/attacks/attack.hpp"
#include "support/held_pipe.hpp"
#include "support/lingering.hpp"
#include "support/raw_message.hpp"

// Messages to sockets of the library, with things in them that do not belong there.
namespace brood::hostile {

inline constexpr std::size_t most_descriptors = 253;  // in one message: unix(7)
/// Where lingering sockets lead to: the variable with the port of a StalledPeer.
inline constexpr const char* stalled_peer = "BROOD_HOSTILE_PEER";

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
    switch (dice.up_to(6)) {
      case 0:
        number_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        break;
      case 1:
        number_ = ::eventfd(0, EFD_CLOEXEC);
        break;
      case 2:
        number_ = ::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
        break;
      case 3:
        number_ = lingering(testing::lingering_socket);
        break;
      case 4:
        number_ = lingering(testing::socket_around_a_lingering_one);
        break;
      case 5:
        number_ = testing::held_pipe();
        break;
      default: {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) break;
        number_ = ends[0];
        ::close(ends[1]);
      }
    }
  }
  // It may be the last close: the attack does not wait for it.
  ~Thing() {
    std::thread([number = number_] { ::close(number); }).detach();
  }
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;
  int number() const { return number_; }

 private:
  // Whose last close waits.
  static int lingering(int (*make)(std::uint16_t)) try {
    const char* const port = std::getenv(stalled_peer);
    return port == nullptr ? -1 : make(static_cast<std::uint16_t>(std::atoi(port)));
  } catch (const std::exception&) {  // no room for one more
    return -1;
  }

  int number_ = -1;
};

}  // namespace brood::hostile

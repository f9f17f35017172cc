#include "platform/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include <brood/errors.hpp>

namespace brood::platform {

std::uint64_t random_number(const char* what) {
  std::uint64_t drawn = 0;
  while (drawn == 0) {
    if (::getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
      throw SystemError("getrandom", what, errno);
  }
  return drawn;
}

}  // namespace brood::platform

#include "platform/descriptor.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <utility>

#include <brood/errors.hpp>
#include "platform/foreign_close.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {

constinit DescriptorSet own_descriptors;
constinit DescriptorSet inherited_descriptors;

void Descriptor::reset() noexcept {
  if (number_ < 0) return;
  own_descriptors.erase(number_);  // before another thread may be given the number
  const int saved = errno;
  // close(2): the descriptor is gone on Linux also after EINTR; a second close could hit
  // that of another thread.
  const int number = std::exchange(number_, -1);
  is_foreign_ ? close_foreign(number) : static_cast<void>(::close(number));
  errno = saved;
}

Descriptor Descriptor::duplicate(int lowest) const { return platform::duplicate(number_, lowest); }

void Descriptor::move_above(int lowest) {
  Descriptor moved = duplicate(lowest);
  moved.is_foreign_ = std::exchange(is_foreign_, false);
  *this = std::move(moved);
}

Descriptor duplicate(int number, int lowest) {
  const int copy = system_calls().fcntl_int(number, F_DUPFD_CLOEXEC, lowest < 3 ? 3 : lowest);
  if (copy < 0) throw SystemError("fcntl(F_DUPFD_CLOEXEC)", "copying a descriptor", errno);
  return Descriptor(copy);
}

Descriptor adopt_above_stdio(int number) {
  Descriptor owned(number);
  if (number < 0 || number > 2) return owned;
  return owned.duplicate(3);
}

bool has_high_numbers() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > high_reserved + 100;
}

void hang_up(Descriptor& socket) noexcept {
  if (socket) ::shutdown(socket.get(), SHUT_RDWR);
  socket.reset();
}

}  // namespace brood::platform

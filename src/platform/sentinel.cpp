#include "platform/sentinel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include <brood/errors.hpp>

namespace brood::platform {

FileIdentity FileIdentity::of(int number) noexcept {
  FileIdentity identity;
  struct stat status {};
  if (::fstat(number, &status) != 0) return identity;
  identity.known_ = true;
  identity.device_ = status.st_dev;
  identity.inode_ = status.st_ino;
  return identity;
}

bool FileIdentity::is_at(int number) const noexcept {
  const FileIdentity now = of(number);
  return known_ && now.known_ && now.device_ == device_ && now.inode_ == inode_;
}

// A socket has an inode of its own.
Sentinel::Sentinel() {
  const int number = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (number < 0) throw SystemError("socket", "making a pool", errno);
  socket_ = adopt_above_stdio(number);
  identity_ = FileIdentity::of(socket_.get());
}

void forget_closed_descriptors() noexcept {
  for (int number = own_descriptors.next(0); number >= 0;
       number = own_descriptors.next(number + 1)) {
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) own_descriptors.erase(number);
  }
}

}  // namespace brood::platform

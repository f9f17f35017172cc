#include "platform/sentinel.hpp"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include <brood/errors.hpp>

namespace brood::platform {

namespace {

/// Of the kinds that the library has private ones of: Unix sockets, pipes, memory files and what
/// has no kind. What else is there is the program's.
bool may_be_ours(int number) noexcept {
  struct stat status {};
  if (::fstat(number, &status) != 0) return errno != EBADF;
  switch (status.st_mode & S_IFMT) {
    case S_IFSOCK: {
      int domain = AF_UNIX;
      socklen_t size = sizeof domain;
      ::getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size);
      return domain == AF_UNIX;
    }
    case S_IFREG:
      return status.st_nlink == 0;
    case S_IFIFO:
    case 0:
      return true;
    default:
      return false;
  }
}

}  // namespace

FileIdentity FileIdentity::of(int number) noexcept {
  FileIdentity identity;
  struct stat status {};
  if (::fstat(number, &status) != 0) return identity;
  identity.known_ = true;
  identity.device_ = status.st_dev;
  identity.inode_ = status.st_ino;
  return identity;
}

// Where the system refuses to tell, nothing is known to have changed.
bool FileIdentity::is_at(int number) const noexcept {
  const FileIdentity now = of(number);
  if (!known_) return true;
  if (!now.known_) return errno != EBADF;
  return now.device_ == device_ && now.inode_ == inode_;
}

// A socket has an inode of its own.
Sentinel::Sentinel() {
  const int number = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (number < 0) throw SystemError("socket", "making a pool", errno);
  socket_ = adopt_above_stdio(number);
  identity_ = FileIdentity::of(socket_.get());
}

void forget_lost_descriptors() noexcept {
  for (int number = own_descriptors.next(0); number >= 0;
       number = own_descriptors.next(number + 1)) {
    if (!may_be_ours(number)) own_descriptors.erase(number);
  }
}

}  // namespace brood::platform

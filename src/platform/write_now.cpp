#include "platform/write_now.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>

namespace brood::platform {
namespace {

Transfer transfer_of(ssize_t count) noexcept {
  if (count >= 0) return {Transfer::State::moved, static_cast<std::size_t>(count), 0};
  if (errno == EAGAIN || errno == EINTR) return {Transfer::State::would_block, 0, 0};
  return {Transfer::State::failed, 0, errno};
}

// Opened anew: O_NONBLOCK of the descriptor that there is would be for all that share it.
int open_anew(int descriptor) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return ::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// Where it cannot be opened: less than what POLLOUT promises of a pipe.
Transfer write_polled(int descriptor, std::span<const std::byte> bytes) noexcept {
  pollfd room{descriptor, POLLOUT, 0};
  if (::poll(&room, 1, 0) == 0) return {Transfer::State::would_block, 0, 0};
  return transfer_of(
      ::write(descriptor, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF)));
}

}  // namespace

Transfer write_now(int descriptor, std::span<const std::byte> bytes) noexcept {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return {Transfer::State::failed, 0, errno};
  if (S_ISSOCK(status.st_mode))
    return transfer_of(::send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
    return transfer_of(::write(descriptor, bytes.data(), bytes.size()));
  const int own = open_anew(descriptor);
  if (own < 0) return write_polled(descriptor, bytes);
  const Transfer transfer = transfer_of(::write(own, bytes.data(), bytes.size()));
  ::close(own);
  return transfer;
}

}  // namespace brood::platform

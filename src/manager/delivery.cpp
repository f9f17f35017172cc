#include "manager/delivery.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "platform/poll.hpp"

namespace brood::manager {

bool got_the_answer(int socket) { return *got_the_answer_by(socket, std::nullopt); }

std::optional<bool> got_the_answer_by(int socket, const platform::Deadline& deadline) {
  pollfd watched{socket, POLLIN, 0};
  if (platform::poll_until({&watched, 1}, deadline) == 0) return std::nullopt;
  if ((watched.revents & (POLLHUP | POLLERR)) == 0) return true;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error != ECONNRESET;
}

}  // namespace brood::manager

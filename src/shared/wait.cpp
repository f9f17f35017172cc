#include <brood/wait.hpp>

#include <poll.h>

#include <string>

#include <brood/errors.hpp>
#include "platform/poll.hpp"

namespace brood::detail {

std::vector<Waitable> wait_by(const std::vector<Waitable>& objects, const Deadline& deadline) {
  std::vector<pollfd> watched;
  for (const Waitable& object : objects) watched.push_back({object.file_descriptor(), POLLIN, 0});
  for (const pollfd& one : watched) {
    if (one.fd < 0) throw UsageError("brood::wait: a negative number is no descriptor");
  }
  platform::poll_until(watched, deadline);
  std::vector<Waitable> result;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if ((watched[i].revents & POLLNVAL) != 0)
      throw UsageError("brood::wait: descriptor " + std::to_string(watched[i].fd) + " is not open");
    if (watched[i].revents != 0) result.push_back(objects[i]);
  }
  return result;
}

}  // namespace brood::detail

#pragma once

#include <poll.h>

#include <span>

#include "platform/futex.hpp"

namespace brood::platform {

/// poll(2) until the deadline, whatever signals come: how many are ready, 0 at the deadline. Throws
/// SystemError, which says that it was for `what`.
int poll_until(std::span<pollfd> watched, const Deadline& deadline, const char* what = "waiting");

}  // namespace brood::platform

#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "platform/futex.hpp"

// Whether an answer has arrived: a server and a gateway ask that of their clients.
namespace brood::manager {

/// When to look again whether an answer has been read: after 5 ms, and then after twice as long
/// each time, up to a second.
class Backoff {
 public:
  platform::Deadline next() noexcept {
    const auto now = std::chrono::steady_clock::now();
    return now + std::exchange(length_, std::min(length_ * 2, std::chrono::milliseconds(1000)));
  }

 private:
  std::chrono::milliseconds length_{5};
};

/// Whether the client that has closed the other end of `socket` had read everything; waits for that
/// end or for its next message. unix(7): a peer that closes with something unread shows as
/// ECONNRESET, once.
bool got_the_answer(int socket);
/// The same; nothing when the deadline has passed.
std::optional<bool> got_the_answer_by(int socket, const platform::Deadline& deadline);

}  // namespace brood::manager

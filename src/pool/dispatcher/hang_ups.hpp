#pragma once

#include <boost/asio/io_context.hpp>

#include <sys/types.h>

#include <functional>

#include "platform/descriptor.hpp"
#include "pool/dispatcher/link_io.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// Watches for the end of workers' sockets and nothing else: also of workers that callers drive,
/// whose wake-ups nothing watches in the dispatcher. One set for all of them, so that borrowing a
/// worker costs no system call. Threads: the dispatcher's, which also runs `io`.
class HangUps {
 public:
  /// `on_hang_up` is called once for each socket; after `is_lost`, which says that this process has
  /// closed the pool's descriptors, no more. Throws SystemError where there is no descriptor.
  HangUps(boost::asio::io_context& io, std::function<bool()> is_lost,
          std::function<void(WorkerId, pid_t)> on_hang_up);

  /// A worker's socket, until it is closed. Throws SystemError.
  void add(WorkerId id, pid_t pid, int socket);

 private:
  void watch();
  void read();

  platform::Descriptor set_;
  Watched watched_;
  std::function<bool()> is_lost_;
  std::function<void(WorkerId, pid_t)> on_hang_up_;
};

}  // namespace brood::pool

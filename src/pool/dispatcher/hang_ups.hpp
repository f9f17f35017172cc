#pragma once

#include <boost/asio/io_context.hpp>

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
  /// `on_hang_up` is called once for each socket. Throws SystemError where there is no descriptor.
  HangUps(boost::asio::io_context& io, std::function<void(WorkerId)> on_hang_up);

  /// A worker's socket, until it is closed here. One that cannot be added is not watched.
  void add(WorkerId id, int socket) noexcept;

 private:
  void watch();
  void read();

  platform::Descriptor set_;
  Watched watched_;
  std::function<void(WorkerId)> on_hang_up_;
};

}  // namespace brood::pool

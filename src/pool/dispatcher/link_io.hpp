#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <utility>

namespace brood::pool {

/// A descriptor of a link as Asio watches it; the link stays its owner.
class Watched {
 public:
  explicit Watched(boost::asio::io_context& io) : descriptor_(io) {}
  ~Watched() { release(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  template <class Handler>
  void wait(int number, boost::asio::posix::descriptor_base::wait_type event, Handler handler) {
    if (!descriptor_.is_open()) descriptor_.assign(number);
    descriptor_.async_wait(event,
                           [handler = std::move(handler)](const boost::system::error_code& error) {
                             if (!error) handler();
                           });
  }
  bool watching() const { return descriptor_.is_open(); }
  void release() {
    if (descriptor_.is_open()) descriptor_.release();
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

/// What Asio watches of one worker.
struct LinkIo {
  explicit LinkIo(boost::asio::io_context& io)
      : wake_ups(io), descriptor_channel(io), process(io), timer(io) {}

  template <class Handler>
  void wait_for(std::chrono::milliseconds time, Handler handler) {
    timer.expires_after(time);
    timer.async_wait([handler = std::move(handler)](const boost::system::error_code& error) {
      if (!error) handler();
    });
  }

  Watched wake_ups, descriptor_channel, process;
  boost::asio::steady_timer timer;
};

}  // namespace brood::pool

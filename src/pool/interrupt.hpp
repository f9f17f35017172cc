#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace brood::pool {

/// Waits for one SIGINT, for OnInterrupt::drain. Giving the signal back after it lets the next one
/// have its default action. Does nothing in a program that handles the signal: that knows better.
/// Threads: those of `io`.
class Interrupt {
 public:
  Interrupt(boost::asio::io_context& io, std::function<void()> on_interrupt);

 private:
  boost::asio::signal_set signals_;
};

}  // namespace brood::pool

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>

namespace brood::pool {

/// Waits for one SIGINT, for OnInterrupt::drain. Giving the signal back after it lets the next one
/// have its default action. Does nothing in a program that handles the signal: that knows better.
/// Threads: `on_interrupt` runs in those of `io`; any may make and destroy one.
class Interrupt {
 public:
  Interrupt(boost::asio::io_context& io, std::function<void()> on_interrupt);
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();
  /// The program has closed what Asio's handler writes to: SIGINT has its default action from now
  /// on, and nothing waits for it any more.
  static void lose_descriptors() noexcept;

 private:
  void give_back();
  boost::asio::signal_set signals_;
  bool waiting_ = false;
};

}  // namespace brood::pool

#include "pool/interrupt.hpp"

#include <csignal>
#include <utility>

#include "base/log.hpp"

namespace brood::pool {

namespace {
bool has_default_action(int number) {
  struct sigaction present {};
  return ::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_DFL;
}
}  // namespace

Interrupt::Interrupt(boost::asio::io_context& io, std::function<void()> on_interrupt)
    : signals_(io) {
  if (!has_default_action(SIGINT)) return;
  signals_.add(SIGINT);
  signals_.async_wait([this, on_interrupt = std::move(on_interrupt)](
                          const boost::system::error_code& error, int) {
    if (error) return;
    signals_.clear();
    base::log_warning(
        "interrupted: running tasks may end, waiting ones are cancelled; the next interrupt ends "
        "the program");
    on_interrupt();
  });
}

}  // namespace brood::pool

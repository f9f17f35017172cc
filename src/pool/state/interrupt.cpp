#include "pool/state/interrupt.hpp"

#include <atomic>
#include <csignal>
#include <utility>

#include "base/log.hpp"
#include "base/mutex.hpp"

namespace brood::pool {

namespace {

/// A signal has one action for the whole process: what the pools that wait for it share.
struct Shared {
  base::Mutex mutex;
  // With them Asio's pipe for signals, which all share.
  int alive BROOD_GUARDED_BY(mutex) = 0;
  int waiting BROOD_GUARDED_BY(mutex) = 0;
  // The program has closed that pipe: it is never made again.
  bool lost BROOD_GUARDED_BY(mutex) = false;
  std::atomic<bool> reported{false};                       // the signal that ended their waiting
  void (*handler)(int) BROOD_GUARDED_BY(mutex) = nullptr;  // Asio's
};
Shared& shared() {
  static Shared state;
  return state;
}

struct sigaction present_action() {
  struct sigaction action {};
  ::sigaction(SIGINT, nullptr, &action);
  return action;
}

}  // namespace

Interrupt::Interrupt(boost::asio::io_context& io, std::function<void()> on_interrupt)
    : signals_(io) {
  const base::MutexLock lock(shared().mutex);
  ++shared().alive;
  if (shared().lost) return;
  const auto handler = present_action().sa_handler;
  const bool ours = shared().waiting != 0 && handler == shared().handler;
  if (!ours && handler != SIG_DFL) return;
  signals_.add(SIGINT);
  waiting_ = true;
  if (shared().waiting++ == 0) shared().reported = false;
  shared().handler = present_action().sa_handler;
  signals_.async_wait(
      [this, on_interrupt = std::move(on_interrupt)](const boost::system::error_code& error, int) {
        if (error) return;
        give_back();
        if (!shared().reported.exchange(true)) {
          base::log_warning(
              "interrupted: running tasks may end, waiting ones are cancelled; the next interrupt "
              "ends the program");
        }
        on_interrupt();
      });
}

Interrupt::~Interrupt() {
  if (waiting_) give_back();
  const base::MutexLock lock(shared().mutex);
  --shared().alive;
}

// Asio's handler would write to whatever has the number of its pipe now.
void Interrupt::lose_descriptors() noexcept {
  const base::MutexLock lock(shared().mutex);
  if (shared().alive == 0) return;
  shared().lost = true;
  if (shared().waiting != 0 && present_action().sa_handler == shared().handler)
    ::signal(SIGINT, SIG_DFL);
}

// What the program has put in place of the handler meanwhile stays: Asio would restore the default
// action.
void Interrupt::give_back() {
  const base::MutexLock lock(shared().mutex);
  const struct sigaction before = present_action();
  signals_.clear();
  waiting_ = false;
  --shared().waiting;
  if (before.sa_handler != shared().handler) ::sigaction(SIGINT, &before, nullptr);
}

}  // namespace brood::pool

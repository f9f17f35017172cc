#include "pool/borrowed_worker.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <exception>
#include <optional>

#include "platform/spin_budget.hpp"
#include "platform/system_calls.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;

namespace {

// How often a caller looks up from the worker that it drives.
constexpr int look_up_ms = 500;
// For so long the pool's descriptors are taken for what they were: no longer than a thread may be
// held up between a look and the call that it is for.
constexpr std::chrono::microseconds just_now{100};

bool is_open(platform::Transfer::State state) {
  using State = platform::Transfer::State;
  return state == State::moved || state == State::would_block;
}

}  // namespace

bool BorrowedWorker::drive() {
  std::optional<bool> others_wait;
  while (!others_wait) {
    std::exception_ptr error;
    bool told = false;
    try {
      told = !worker_.broken && exchange();
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    others_wait = access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
      Driver& driver = access_.state().driver();
      const auto over = driver.read_borrowed(worker_, call_, told, error, Clock::now());
      if (over) given_back_ = true;
      return over;
    });
  }
  return *others_wait;
}

// Whether the answer is there in the time that a wake-up would take.
bool BorrowedWorker::answers_at_once() {
  return platform::look(worker_.spin, [this] { return worker_.ring.has_unread(worker_.page()); });
}

// Writes what there is to write, until the worker has told something. False when the worker has
// ended or a call fails.
bool BorrowedWorker::exchange() {
  using Stop = WorkerProcess::Stop;
  const PoolState& state = access_.state();
  for (;;) {
    const auto looked = Clock::now();
    if (state.has_lost_descriptors()) return false;
    const Stop stop = worker_.outbox.empty() ? Stop::none : worker_.write().stop;
    if (stop == Stop::failed) return false;
    const int full =
        stop == Stop::pipe_full ? worker_.tasks.get() : worker_.descriptor_channel.number();
    const bool blocked = stop == Stop::pipe_full || stop == Stop::channel_full;
    const int most_ms = stop == Stop::crowded ? int{platform::crowd_time.count()} : look_up_ms;
    std::array<pollfd, 3> waits{pollfd{worker_.results.get(), POLLIN, 0},
                                pollfd{worker_.pidfd.get(), POLLIN, 0}, pollfd{full, POLLOUT, 0}};
    if (!blocked) {
      if (answers_at_once()) return true;
      worker_.sleep_until_told(Clock::now() + std::chrono::milliseconds(most_ms));
      if (worker_.ring.has_unread(worker_.page())) return true;
    } else if (!worker_.ask_for_wake_up()) {
      return true;
    }
    const int wait_ms = blocked ? most_ms : 0;
    if (platform::system_calls().poll(waits.data(), blocked ? 3 : 2, wait_ms) < 0) continue;
    const bool long_ago = Clock::now() - looked > just_now;
    if (waits[0].revents != 0) {
      if (long_ago && state.has_lost_descriptors()) return false;
      const bool open = is_open(worker_.take_wake_ups().state);
      if (worker_.ring.has_unread(worker_.page())) return true;
      if (!open) return false;
    }
    if (waits[1].revents != 0) return false;
    if (state.ended() || worker_.left) return false;  // no signal may end it: see WorkerTable
  }
}

void BorrowedWorker::abandon() noexcept {
  try {
    access_.under_lock([this]() BROOD_REQUIRES(core_lock) {
      access_.state().driver().give_back_broken(worker_, call_, Clock::now());
    });
  } catch (...) {  // the dispatcher ends it all
  }
  access_.wake();
}

}  // namespace brood::pool

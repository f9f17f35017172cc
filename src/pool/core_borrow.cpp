#include <poll.h>

#include <array>
#include <chrono>
#include <exception>
#include <optional>

#include "platform/spin_budget.hpp"
#include "platform/system_calls.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher/worker_process.hpp"

// A caller that waits for a single task drives an idle worker itself: write, poll, read. No other
// thread is woken, which would double the round trip.
namespace brood::pool {

using Clock = std::chrono::steady_clock;

/// A worker that this thread has borrowed, which gives it back whatever happens: as broken, and its
/// job failed, where the thread leaves by an exception (or pthread_cancel).
class Core::Loan {
 public:
  Loan(Core& core, WorkerLink& link, CallState& call) : core_(core), link_(link), call_(call) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    if (!over_) abandon();
  }
  /// It has been given back.
  void end() noexcept { over_ = true; }

 private:
  void abandon() noexcept {
    try {
      core_.under_lock([this]() BROOD_REQUIRES(core_.mutex_) {
        core_.driver_.borrowing().give_back_broken(link_, call_, Clock::now());
      });
    } catch (...) {  // the dispatcher ends it all
    }
    core_.wake();
  }

  Core& core_;
  WorkerLink& link_;
  CallState& call_;
  bool over_ = false;
};

detail::JobHandle Core::call(detail::JobSpec&& spec) {
  const std::shared_ptr<CallState> call = make_call(std::move(spec));
  WorkerLink* link = nullptr;
  under_lock([&]() BROOD_REQUIRES(mutex_) {
    take_intake();
    add(call);
    if (!call->terms().timeout) link = driver_.borrowing().borrow(*call, Clock::now());
  });
  const bool others_wait = link == nullptr || drive(process_of(*link), *call);
  if (others_wait) wake();
  return call;
}

// Until the call is finished, or something is wrong; then the worker is given back. True if the
// dispatcher has something to do.
bool Core::drive(WorkerProcess& worker, CallState& call) {
  Loan loan(*this, worker, call);
  std::optional<bool> others_wait;
  while (!others_wait) {
    std::exception_ptr error;
    bool moved = false;
    try {
      moved = !worker.broken && exchange(worker);
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    others_wait = under_lock([&]() BROOD_REQUIRES(mutex_) {
      const auto over = driver_.borrowing().heard(worker, call, moved, error, Clock::now());
      if (over) loan.end();
      return over;
    });
  }
  return *others_wait;
}

// How often a caller looks up from the worker that it drives.
constexpr int look_up_ms = 500;
// For so long the pool's descriptors are taken for what they were: no longer than a thread may be
// held up between a look and the call that it is for.
constexpr std::chrono::microseconds just_now{100};

// Whether the answer is there in the time that a wake-up would take.
bool is_ready_at_once(pollfd& answer, platform::SpinBudget& budget) {
  return platform::look(budget,
                        [&answer] { return platform::system_calls().poll(&answer, 1, 0) > 0; });
}

// Writes what there is to write, and reads once. False when the worker has ended or a call fails.
bool Core::exchange(WorkerProcess& worker) const {
  using Stop = WorkerProcess::Stop;
  for (;;) {
    const auto looked = Clock::now();
    if (has_lost_descriptors()) return false;
    const Stop stop = worker.outbox.empty() ? Stop::none : worker.write().stop;
    if (stop == Stop::failed) return false;
    const int full =
        stop == Stop::pipe_full ? worker.tasks.get() : worker.descriptor_channel.number();
    const bool blocked = stop == Stop::pipe_full || stop == Stop::channel_full;
    const int most_ms = stop == Stop::crowded ? int{platform::crowd_time.count()} : look_up_ms;
    std::array<pollfd, 3> waits{pollfd{worker.results.get(), POLLIN, 0},
                                pollfd{worker.pidfd.get(), POLLIN, 0}, pollfd{full, POLLOUT, 0}};
    if (blocked || !is_ready_at_once(waits[0], worker.spin)) {
      if (platform::system_calls().poll(waits.data(), blocked ? 3 : 2, most_ms) < 0) continue;
    }
    const bool long_ago = Clock::now() - looked > just_now;
    if (waits[0].revents != 0 && long_ago && has_lost_descriptors()) return false;
    if (waits[0].revents != 0) return worker.read_once() != 0;
    if (waits[1].revents != 0) return false;
    if (ended() || worker.left) return false;  // no signal may end it: see WorkerTable
  }
}

}  // namespace brood::pool

#include "pool/dispatcher/loop.hpp"

#include <algorithm>
#include <climits>
#include <utility>

#include "platform/futex.hpp"
#include "platform/own_thread.hpp"

namespace brood::pool {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

// While calls are open: their descriptors may have been closed.
constexpr Nanoseconds look_up = std::chrono::milliseconds(500);

/// By which any time has come once a wait for it has begun. Asio else waits again where nothing
/// came before the time, and by then its epoll(7) instance may have the number of another.
struct OnlyOnce {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<OnlyOnce>;
  static inline thread_local bool has_begun = false;
  static time_point now() noexcept {
    return std::exchange(has_begun, true) ? time_point::max() : time_point{};
  }
};

void run_one_within(asio::io_context& io, std::chrono::nanoseconds time) {
  OnlyOnce::has_begun = false;
  io.run_one_until(OnlyOnce::time_point{} + time);
}

}  // namespace

ProcessDispatcher::Loop::Loop(PoolState& state, Supervisor& supervisor, Callbacks& callbacks,
                              OnInterrupt on_interrupt)
    : stdio_(std::in_place),
      state_(state),
      io_(1),
      timer_(io_),
      sockets_(state, io_),
      processes_(state, supervisor, callbacks, sockets_, io_) {
  if (on_interrupt == OnInterrupt::drain) interrupt_.emplace(io_, [this] { drain(); });
  stdio_.reset();
}

void ProcessDispatcher::Loop::run_thread() {
  sockets_.open_all();
  thread_ = platform::start_own_thread("brood-dispatch", [this] { run(); });
}

// Not by posting: that allocates, and a refusal could not be told to the thread that wakes.
// Where its descriptors are closed Asio would write to whatever has their numbers now.
bool ProcessDispatcher::Loop::wake() noexcept {
  if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return true;
  if (state_.has_lost_descriptors()) {
    sleeping_.store(true, std::memory_order_seq_cst);
    return false;
  }
  io_.stop();
  return true;
}

bool ProcessDispatcher::Loop::join(std::chrono::steady_clock::time_point deadline) {
  while (over_.load(std::memory_order_acquire) == 0) {
    if (!platform::futex_wait(over_, 0, deadline)) break;
  }
  return over_.load(std::memory_order_acquire) != 0;
}

// Nothing leaves the thread: what cannot be blamed on one worker or call ends all of them.
void ProcessDispatcher::Loop::run() noexcept {
  try {
    serve();
  } catch (...) {
    state_.end_all_calls(std::current_exception());
    processes_.end_all_workers();
  }
  over_.store(1, std::memory_order_release);
  platform::futex_wake(over_, INT_MAX);
}

// A wake-up stops the context, whenever it comes; what is ready then is found in the next turn.
void ProcessDispatcher::Loop::serve() {
  StopDetector stops(Clock::now());
  for (;;) {
    if (state_.has_lost_descriptors()) return state_.lose_descriptors();
    io_.restart();
    io_.poll();
    io_.restart();
    const bool over = turn();
    if (!sockets_.reactor().flush()) wake();
    if (over) break;
    if (!processes_.starts().watch()) wake();
    if (state_.has_lost_descriptors()) return state_.lose_descriptors();
    sleep(stops);
    sleeping_.store(false, std::memory_order_relaxed);
  }
}

// Takes no more and gives up what has not begun.
void ProcessDispatcher::Loop::drain() {
  const CoreGuard lock(state_.mutex());
  state_.close(Closing::draining);
}

// True when no worker is left and none will come.
bool ProcessDispatcher::Loop::turn() {
  const CoreGuard lock(state_.mutex());
  const Time now = Clock::now();
  state_.collapse().check_torn();
  processes_.starts().report();
  processes_.starts().urge(now);
  state_.take_intake();
  guard_.check(state_.driver(), now);
  if (state_.driver().turn(now)) return true;
  sockets_.reactor().end_turn();
  set_timer(now);
  const PoolView pool = state_.driver().view();
  idle_ = pool.drained && !pool.closing;
  sleeping_.store(true, std::memory_order_seq_cst);
  if (!state_.settle_intake()) wake();
  return false;
}

void ProcessDispatcher::Loop::set_timer(Time now) {
  due_ = state_.driver().next_tick();
  std::optional<Time> next = state_.driver().next_turn(now);
  for (const std::optional<Time>& other :
       {guard_.next(state_.driver()), processes_.starts().next_urge()}) {
    if (other && (!next || *other < *next)) next = other;
  }
  if (!next) return;
  if (timer_set_for_ > now && timer_set_for_ <= *next)
    return;  // it fires early enough, and asks again
  timer_set_for_ = *next;
  timer_.expires_at(*next);
  timer_.async_wait([](const boost::system::error_code&) {});
}

void ProcessDispatcher::Loop::sleep(StopDetector& stops) {
  const Time now = Clock::now();
  if (idle_) {
    stops.sleeps(now, Time::max());
    io_.run_one();
    stops.woke(Clock::now());
    return;
  }
  const Nanoseconds most = longest_sleep(now);
  stops.sleeps(now, timer_set_for_ > now ? std::min(now + most, timer_set_for_) : now + most);
  run_one_within(io_, most);
  const Time woken = Clock::now();
  const Nanoseconds stopped = stops.woke(woken);
  if (stopped == Nanoseconds::zero()) return;
  const CoreGuard lock(state_.mutex());
  state_.driver().skip(woken, stopped);
}

// The nearer the end of a limit, the more often it wakes: by less than what is left of it can a
// stop of this process that falls into a sleep be taken for time that has passed.
Nanoseconds ProcessDispatcher::Loop::longest_sleep(Time now) const {
  constexpr Nanoseconds shortest = std::chrono::milliseconds(10);
  if (!due_) return look_up;
  return std::clamp<Nanoseconds>((*due_ - now) / 8, shortest, look_up);
}

}  // namespace brood::pool

#include "pool/dispatcher/loop.hpp"

#include <algorithm>
#include <climits>
#include <utility>

#include "platform/futex.hpp"
#include "pool/own_thread.hpp"

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

Dispatcher::Loop::Loop(Core& core)
    : stdio_(std::in_place),
      core_(core),
      io_(1),
      timer_(io_),
      starts_(core.supervisor(), *this, io_),
      guard_(core.supervisor().limits().resident_hard),
      ios_(core.slots()) {
  if (core_.on_interrupt() == OnInterrupt::drain)
    interrupt_.emplace(io_, [this] { core_.drain(); });
  stdio_.reset();
}

void Dispatcher::Loop::run_thread() {
  for (const auto& link : workers().all()) {
    if (link) attach(process_of(*link));
  }
  thread_ = start_own_thread("brood-dispatch", [this] { run(); });
}

// Not by posting: that allocates, and a refusal could not be told to the thread that wakes.
// Where its descriptors are closed Asio would write to whatever has their numbers now.
bool Dispatcher::Loop::wake() noexcept {
  if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return true;
  if (core_.has_lost_descriptors()) {
    sleeping_.store(true, std::memory_order_seq_cst);
    return false;
  }
  io_.stop();
  return true;
}

bool Dispatcher::Loop::join(std::chrono::steady_clock::time_point deadline) {
  while (over_.load(std::memory_order_acquire) == 0) {
    if (!platform::futex_wait(over_, 0, deadline)) break;
  }
  return over_.load(std::memory_order_acquire) != 0;
}

// Nothing leaves the thread: what cannot be blamed on one worker or call ends all of them.
void Dispatcher::Loop::run() noexcept {
  try {
    serve();
  } catch (...) {
    core_.collapse(std::current_exception());
    end_all_workers();
  }
  over_.store(1, std::memory_order_release);
  platform::futex_wake(over_, INT_MAX);
}

// A wake-up stops the context, whenever it comes; what is ready then is found in the next turn.
void Dispatcher::Loop::serve() {
  StopDetector stops(Clock::now());
  for (;;) {
    if (core_.has_lost_descriptors()) return core_.lose_descriptors();
    io_.restart();
    io_.poll();
    io_.restart();
    const bool over = turn();
    flush();
    if (over) break;
    starts_.watch();
    if (core_.has_lost_descriptors()) return core_.lose_descriptors();
    sleep(stops);
    sleeping_.store(false, std::memory_order_relaxed);
  }
}

// True when no worker is left and none will come.
bool Dispatcher::Loop::turn() {
  const base::MutexLock lock(core_.mutex());
  const Time now = Clock::now();
  core_.check_state();
  starts_.report();
  starts_.urge(now);
  core_.take_intake();
  guard_.check(driver(), now);
  if (driver().turn(now)) return true;
  watch_what_is_not_borrowable();
  for (const auto& link : workers().all()) {
    if (link && link->dirty && !link->borrowed) dirty_.push_back(&process_of(*link));
  }
  set_timer(now);
  const PoolView pool = driver().scheduler().view();
  idle_ = pool.drained && !pool.closing;
  sleeping_.store(true, std::memory_order_seq_cst);
  if (!core_.settle_intake()) wake();
  return false;
}

void Dispatcher::Loop::set_timer(Time now) {
  due_ = driver().scheduler().next_tick();
  std::optional<Time> next = driver().next_turn(now);
  for (const std::optional<Time>& other : {guard_.next(driver()), starts_.next_urge()}) {
    if (other && (!next || *other < *next)) next = other;
  }
  if (!next) return;
  if (timer_set_for_ > now && timer_set_for_ <= *next)
    return;  // it fires early enough, and asks again
  timer_set_for_ = *next;
  timer_.expires_at(*next);
  timer_.async_wait([](const boost::system::error_code&) {});
}

void Dispatcher::Loop::sleep(StopDetector& stops) {
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
  const base::MutexLock lock(core_.mutex());
  driver().skip(woken, stopped);
}

// The nearer the end of a limit, the more often it wakes: by less than what is left of it can a
// stop of this process that falls into a sleep be taken for time that has passed.
Nanoseconds Dispatcher::Loop::longest_sleep(Time now) const {
  constexpr Nanoseconds shortest = std::chrono::milliseconds(10);
  if (!due_) return look_up;
  return std::clamp<Nanoseconds>((*due_ - now) / 8, shortest, look_up);
}

}  // namespace brood::pool

#include "pool/dispatcher.hpp"

#include <algorithm>
#include <climits>
#include <utility>

#include "platform/futex.hpp"
#include "pool/dispatcher_loop.hpp"

namespace brood::pool {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto shortest_tick =
    std::chrono::milliseconds(1);  // so that a stalled worker costs little

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
    bury_the_dead();
    const bool over = work();
    flush();
    if (over) break;
    starts_.watch();
    if (core_.has_lost_descriptors()) return core_.lose_descriptors();
    sleep(stops);
    sleeping_.store(false, std::memory_order_relaxed);
  }
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
  const std::lock_guard lock(core_.mutex());
  core_.scheduler().skip(woken, stopped);
}

// The nearer the end of a limit, the more often it wakes: by less than what is left of it can a
// stop of this process that falls into a sleep be taken for time that has passed.
Nanoseconds Dispatcher::Loop::longest_sleep(Time now) const {
  constexpr Nanoseconds shortest = std::chrono::milliseconds(10);
  if (!due_) return look_up;
  return std::clamp<Nanoseconds>((*due_ - now) / 8, shortest, look_up);
}

// One turn under the lock; true when no worker is left and none will come.
bool Dispatcher::Loop::work() {
  const std::lock_guard lock(core_.mutex());
  const Time now = Clock::now();
  core_.check_state();
  core_.perform(this);
  admit_started();
  starts_.urge(now);
  core_.take_intake();
  tick(now);
  guard_.check(now);
  core_.scheduler().pump(now);
  core_.perform(this);
  balance_watches();
  const bool look_again = kill_the_overdue(now);
  if (core_.scheduler().view().closing && core_.scheduler().view().drained) {
    starts_.abandon_all();  // nobody waits for them
    core_.perform(this);
    if (core_.scheduler().view().all_gone) return true;
  }
  for (const auto& link : core_.links()) {
    if (link && link->dirty && !link->lent) dirty_.push_back(link.get());
  }
  set_timer(now);
  idle_ = core_.scheduler().view().drained && !core_.scheduler().view().closing;
  sleeping_.store(true, std::memory_order_seq_cst);
  if (!core_.settle_intake() || look_again) wake();
  return false;
}

// Looks at pages: results that wait behind a long task, elements that have run for too long.
void Dispatcher::Loop::tick(Time now) {
  const std::optional<Time> due = core_.scheduler().next_tick();
  if (!due || *due > now || now - last_tick_ < shortest_tick) return;
  last_tick_ = now;
  std::vector<Running> running;
  for (const auto& link : core_.links()) {
    if (!link || link->lent || core_.scheduler().view(link->id).idle) continue;
    if (link->broken) continue;
    try {
      running.push_back(core_.look(*link));
    } catch (const std::exception&) {
      broken(*link, std::current_exception());
    }
  }
  core_.scheduler().tick(now, running);
  core_.perform(this);
}

void Dispatcher::Loop::set_timer(Time now) {
  std::optional<Time> next = core_.scheduler().next_tick();
  due_ = next;
  if (next) next = std::max({*next, last_tick_ + shortest_tick, now});
  for (const std::optional<Time>& other : {guard_.next(), starts_.deadline()}) {
    if (other && (!next || *other < *next)) next = other;
  }
  for (const auto& link : core_.links()) {
    if (!link || link->kill_at == Time{} || link->left) continue;
    if (!next || link->kill_at < *next) next = link->kill_at;
  }
  if (!next) return;
  if (timer_set_for_ > now && timer_set_for_ <= *next)
    return;  // it fires early enough, and asks again
  timer_set_for_ = *next;
  timer_.expires_at(*next);
  timer_.async_wait([](const boost::system::error_code&) {});
}

void Dispatcher::Loop::carry_out(const Action& action) {
  WorkerLink* const link = core_.link(action.worker);
  if (action.kind == Action::Kind::start) return start(action.worker);
  if (link == nullptr && action.kind == Action::Kind::stop) return starts_.abandon(action.worker);
  if (link == nullptr) return;
  switch (action.kind) {
    case Action::Kind::send:
      send(*link, action);
      break;
    case Action::Kind::forget:
      if (link->lent) return core_.defer(action);
      link->forget(action.job);
      break;
    case Action::Kind::wake:
      protocol::append_message(link->outbox.tail(), protocol::Type::nudge);
      break;
    case Action::Kind::leave:
      // Before its number is used again: else the reactor would let go of another's descriptor.
      ios_[action.worker]->tasks.release();
      platform::hang_up(link->tasks);
      return;
    case Action::Kind::stop:
      if (action.why != nullptr) core_.note_doubt(*link, action.why);
      return stop(*link);
    default:
      return;
  }
  link->dirty = true;
}

// Without memory for it the worker has got half a message, and the call would have no more luck
// with another.
void Dispatcher::Loop::send(WorkerLink& link, const Action& action) {
  Work* const work = core_.find_work(action.job);
  if (work == nullptr || link.broken) return;
  try {
    append_run(link, *work, action.assignment);
  } catch (const std::exception&) {
    link.outbox.clear();
    broken(link, std::current_exception());
    core_.fail(*work, core_.no_memory());
  }
}

void Dispatcher::Loop::detach(JobId job) {
  for (const auto& link : core_.links()) {
    if (link && !link->lent && !link->outbox.detach(job))
      broken(*link, std::make_exception_ptr(std::bad_alloc()));
  }
}

// Without the lock: a link with something in its outbox is not lent.
void Dispatcher::Loop::flush() {
  for (WorkerLink* const link : std::exchange(dirty_, {})) flush_link(*link);
}

void Dispatcher::Loop::flush_link(WorkerLink& link) {
  LinkIo& io = *ios_[link.id];
  if (io.blocked || !link.tasks || link.broken || core_.ended()) return;
  link.dirty = false;
  const Outbox::Written written = link.outbox.write_to(link.tasks.get(), link.escort);
  if (written.stop == Outbox::Stop::none) return;
  if (written.stop == Outbox::Stop::failed) return cut_off(link, written.error);
  io.blocked = true;
  wait_for_room(link, written.stop);
}

void Dispatcher::Loop::wait_for_room(const WorkerLink& link, Outbox::Stop stop) {
  using asio::posix::descriptor_base;
  LinkIo& io = *ios_[link.id];
  const auto go_on = [this, id = link.id] {
    ios_[id]->blocked = false;
    WorkerLink* const unblocked = core_.link(id);
    if (unblocked != nullptr && !core_.has_lost_descriptors()) flush_link(*unblocked);
  };
  if (stop == Outbox::Stop::pipe_full)
    io.tasks.wait(link.tasks.get(), descriptor_base::wait_write, go_on);
  else if (stop == Outbox::Stop::escort_full)
    io.escort.wait(link.escort.number(), descriptor_base::wait_write, go_on);
  else
    io.wait_for(platform::crowd_time, go_on);
}

// The owner keeps an end for reading of each task pipe: it is never a dead reader that refuses.
void Dispatcher::Loop::cut_off(WorkerLink& link, int error) {
  const std::lock_guard lock(core_.mutex());
  broken(link, std::make_exception_ptr(SystemError("write", "sending tasks to a worker", error)));
  core_.perform(this);
  wake();
}

Dispatcher::Dispatcher(Core& core) : loop_(std::make_unique<Loop>(core)) {}
Dispatcher::~Dispatcher() = default;
bool Dispatcher::wake() noexcept { return loop_->wake(); }
bool Dispatcher::join(Clock::time_point deadline) { return loop_->join(deadline); }
void Dispatcher::let_go() { loop_->let_go(); }

}  // namespace brood::pool

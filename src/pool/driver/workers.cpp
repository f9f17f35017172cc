#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "pool/driver/driver.hpp"
#include "pool/failures/errors.hpp"
#include "pool/failures/start_errors.hpp"

// Workers as the dispatcher sees them: starts, looks at their pages, ends.
namespace brood::pool {

namespace {
// So that a worker that tells nothing costs little.
constexpr auto between_looks = std::chrono::milliseconds(1);
}  // namespace

std::vector<WorkerId> Driver::first_starts(Time now) {
  now_ = now;
  scheduler_.pump(now);
  std::vector<WorkerId> slots;
  while (const std::optional<Action> action = scheduler_.next()) slots.push_back(action->worker);
  return slots;
}

void Driver::started(std::unique_ptr<WorkerLink> link, Time now) {
  now_ = now;
  const WorkerId id = link->id;
  workers_.admit(std::move(link));
  scheduler_.worker_event(id, WorkerEvent::started, now);
}

void Driver::start_failed(WorkerId id, std::exception_ptr why, StartFailure kind, Time now) {
  now_ = now;
  start_error_ = std::move(why);
  scheduler_.start_failed(id, now, kind);
}

bool Driver::turn(Time now) {
  now_ = now;
  act();
  workers_.stop_overdue(now_);
  reap_ended();
  look_at_pages();
  scheduler_.pump(now_);
  act();
  offer_idle_workers();
  if (!scheduler_.view().closing || !scheduler_.view().drained) return false;
  host_.abandon_starts();  // for no call waits for them
  act();
  return scheduler_.view().all_gone;
}

std::optional<Time> Driver::next_turn(Time now) const {
  std::optional<Time> next = scheduler_.next_tick();
  if (next) next = std::max({*next, last_look_ + between_looks, now});
  const std::optional<Time> of_workers = workers_.next_time();
  return of_workers && (!next || *of_workers < *next) ? of_workers : next;
}

// Results that wait behind a long task, elements that have run for too long.
void Driver::look_at_pages() {
  const std::optional<Time> due = scheduler_.next_tick();
  if (!due || *due > now_ || now_ - last_look_ < between_looks) return;
  last_look_ = now_;
  std::vector<Running> running;
  for (const auto& link : workers_.all()) {
    if (!link || link->borrowed || link->broken || scheduler_.view(link->id).idle) continue;
    try {
      running.push_back(look(*link));
    } catch (const std::exception&) {
      broken(*link, std::current_exception());
    }
  }
  scheduler_.tick(now_, running);
  act();
}

void Driver::received(WorkerLink& link, Time now) {
  now_ = now;
  try {
    parse(link);
  } catch (const std::exception&) {
    broken(link, std::current_exception());
  }
  act();
}

void Driver::unreadable(WorkerLink& link, const std::exception_ptr& error, Time now) {
  now_ = now;
  broken(link, error);
  act();
}

void Driver::broken(WorkerLink& link, const std::exception_ptr& error) noexcept {
  break_link(link, error);
  workers_.stop(link, now_);
}

// The link is read no more and its worker is to be killed: `error` says why, and becomes the
// outcome of what the worker has begun where it is not the worker's fault. Without memory for that
// action the next turn finds the link by its state.
void Driver::break_link(WorkerLink& link, const std::exception_ptr& error) noexcept {
  if (std::exchange(link.broken, true)) return;
  start_error_ = error;  // tells only if it never came up
  workers_.note_fault(link, error);
  if_possible([&] { scheduler_.stop(link.id, StopReason::unreadable, now_); });
}

void Driver::stop(WorkerLink& link, StopReason why, Time now) {
  now_ = now;
  scheduler_.stop(link.id, why, now);
  act_within_call();  // a question is answered before anything else happens
}

// A worker that is idle, and whose pipes nothing waits for, may be borrowed. Not where memory is
// watched: nothing would look at it meanwhile.
void Driver::offer_idle_workers() {
  for (const auto& link : workers_.all()) {
    if (!link || link->borrowed) continue;
    set_borrowable(*link, !config_.limits.resident_hard && !link->silent &&
                              scheduler_.view(link->id).free && link->outbox.empty() &&
                              !link->blocked);
  }
}

void Driver::set_borrowable(WorkerLink& link, bool borrowable) {
  if (std::exchange(link.borrowable, borrowable) == borrowable) return;
  scheduler_.worker_event(link.id,
                          borrowable ? WorkerEvent::borrowable : WorkerEvent::not_borrowable, now_);
}

// A caller that drives a link sees the end, too, and gives it back.
void Driver::reap_ended() {
  for (const auto& link : workers_.all()) {
    if (!link || !link->ended || link->borrowed) continue;
    set_borrowable(*link, false);
    act();
    if (const std::optional<Death> death = workers_.death_of(*link, now_)) reap(*link, *death);
  }
}

// The pipe first, then the page, then what is charged. Of one that is left behind nothing is read:
// it may go on writing.
void Driver::reap(WorkerLink& link, const Death& death) {
  if (!link.broken && !link.left) read_the_rest(link);
  act();  // what that leads to, while there is a link
  exits_[link.id] = exit_of(link, death, config_.limits);
  if (!scheduler_.view(link.id).came_up) note_failed_start(link, death);
  scheduler_.worker_gone(link.id, begun_by_the_dead(link), now_);
  workers_.remove(link);
  act();
}

void Driver::note_failed_start(WorkerLink& link, const Death& death) {
  const Nanoseconds limit = scheduler_.config().start_timeout;
  if (!start_error_)
    start_error_ = why_not_ready(link, exits_[link.id], config_.method, limit, now_);
  if (was_killed(death) && link.oversize == 0 && !is_late(link, limit, now_))
    scheduler_.start_failed(link.id, now_, StartFailure::struck_down);
}

// What was in the pipe when it was seen dead: a copy of it, which a task has forked, may write for
// ever.
void Driver::read_the_rest(WorkerLink& link) noexcept {
  try {
    std::size_t left = link.unread();
    while (left != 0) {
      const std::size_t count = link.read_once();
      if (count == 0) break;
      left -= std::min(left, count);
      parse(link);
    }
    parse_page_of_the_dead(link);
  } catch (const std::exception&) {
    workers_.note_fault(link, std::current_exception());
  }
}

// Nothing where the page cannot be believed: then what was next is what ran.
std::optional<std::uint64_t> Driver::begun_by_the_dead(WorkerLink& link) {
  try {
    return link.watch.look(link.page(), known(link)).claimed;
  } catch (const CodecError& error) {
    host_.log_error(link.name + " left a page that makes no sense: " + error.what());
    return std::nullopt;
  }
}

}  // namespace brood::pool

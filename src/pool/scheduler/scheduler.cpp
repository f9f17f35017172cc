#include "pool/scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

using Kind = Intent::Kind;
using State = Population::State;

Scheduler::Scheduler(const SchedulerConfig& config)
    : config_(config),
      pending_(store_),
      jobs_(actions_, store_, pending_),
      population_(config_, actions_),
      growth_(config_, population_),
      clock_(config_, store_),
      assignments_(config_, jobs_, population_),
      revocations_(actions_, jobs_, population_, clock_, assignments_),
      ends_(config_, jobs_, store_, population_, clock_, assignments_, revocations_),
      turnover_(config_, store_, pending_, population_, growth_, assignments_, revocations_),
      watchdog_(config_, store_, population_, clock_, assignments_, revocations_, ends_, intents_),
      placement_(config_, actions_, store_, pending_, population_, assignments_, revocations_) {}

// --- what waits for answers ---

// At once where no question is open.
void Scheduler::then(const Intent& intent) {
  if (intents_.empty() && !revocations_.waits()) return conclude(intent);
  intents_.add(intent);
}

void Scheduler::go_on() {
  while (!intents_.empty() && !revocations_.waits()) conclude(intents_.take_next());
}

void Scheduler::conclude(const Intent& intent) {
  switch (intent.kind) {
    case Kind::pump:
      return begin_pump(intent.now);
    case Kind::balance:
      return then({.kind = placement_.balance(intent.now) ? Kind::share : Kind::settle_workers,
                   .now = intent.now});
    case Kind::share:
      placement_.assign(intent.now);
      [[fallthrough]];
    case Kind::settle_workers:
      turnover_.let_leave(intent.now);
      return watchdog_.note_silent_workers(intent.now);
    case Kind::retire:
      return turnover_.retire_the_old_and_idle(intent.now);
    case Kind::cancel:
      return begin_cancel(intent);
    case Kind::end_cancel:
      return end_cancel(intent);
    case Kind::settle:
      return jobs_.settle(intent.job);
    default:
      return watchdog_.conclude(intent);
  }
}

void Scheduler::answer(WorkerId worker, const Begun& begun) {
  look_soon_ |= begun.doubted;
  revocations_.answer(worker, begun.count);
  go_on();
}

// --- calls by the pool's users ---

void Scheduler::cancel(JobId job, std::size_t index, bool stop_running, Time now) {
  then({.kind = Kind::cancel, .stop = stop_running, .now = now, .job = job, .index = index});
  go_on();
}

void Scheduler::begin_cancel(Intent intent) {
  const Job* const job = store_.find(intent.job);
  if (job == nullptr || job->finished) return;
  intent.kind = Kind::end_cancel;
  intent.assigned = job->assigned;
  if (intent.index == Action::all) {
    intent.any = jobs_.give_up_rest(intent.job);
  } else {
    intent.any = jobs_.give_up(intent.job, intent.index);
  }
  if (intent.index == Action::all || !intent.any) revocations_.take_back_from_all(intent.job);
  then(intent);
}

// What was taken back is pending.
void Scheduler::end_cancel(const Intent& intent) {
  const Job* const job = store_.find(intent.job);
  if (job == nullptr || job->finished) return;
  const bool all = intent.index == Action::all;
  bool done = intent.any ||
              (all ? job->assigned != intent.assigned : jobs_.give_up(intent.job, intent.index));
  if (all) {
    jobs_.give_up_rest(intent.job);
    if (intent.stop) done |= watchdog_.stop_all_of(intent.job, intent.now);
  } else if (!done) {
    store_.note_last_attempt(intent.job, intent.index);
    if (intent.stop) done = watchdog_.stop_one_of(intent.job, intent.index, intent.now);
  }
  if (!done) return;
  actions_.add({.kind = Action::Kind::cancelled, .job = intent.job, .first = intent.index});
  if (all) return jobs_.finish(intent.job, JobEnd::cancelled);
  jobs_.settle(intent.job);
}

void Scheduler::close(Closing how, Time now) {
  growth_.close(how == Closing::terminated);
  if (how == Closing::draining) {
    for (const JobId job : jobs_.drain()) {
      revocations_.take_back_from_all(job);
      then({.kind = Kind::settle, .job = job});
    }
  } else if (how == Closing::terminated) {
    jobs_.fail_all(JobEnd::cancelled);
    for (WorkerId id = 0; id < population_.size(); ++id) ends_.stop(id, now);
  }
  go_on();
}

// --- what workers do ---

void Scheduler::worker_event(WorkerId worker, WorkerEvent event, Time now) {
  switch (event) {
    case WorkerEvent::started:
      assignments_.started(worker);
      return growth_.started(worker, now);
    case WorkerEvent::ready:
      if (growth_.ready(worker)) assignments_.ready(worker, now);
      return;
    case WorkerEvent::exhausted:
      return turnover_.retire(worker);
    case WorkerEvent::borrowable:
    case WorkerEvent::not_borrowable:
      return population_.set_borrowable(worker, event == WorkerEvent::borrowable);
    case WorkerEvent::given_back:
      return population_.set_borrowed(worker, false);
  }
}

void Scheduler::start_failed(WorkerId worker, Time now, StartFailure why) {
  if (why == StartFailure::struck_down || why == StartFailure::initializer)
    return growth_.expect_failure(worker, why);
  if (growth_.start_failed(worker, now, why)) jobs_.fail_all(JobEnd::no_workers);
}

Reception Scheduler::outcomes(WorkerId worker, const Outcomes& outcomes, Time now) {
  const Reception reception = assignments_.outcomes(worker, outcomes, now);
  if (outcomes.failed) revocations_.take_back_failed();
  return reception;
}

void Scheduler::stop(WorkerId worker, StopReason why, Time now) {
  if (why != StopReason::memory || !population_.at(worker).came_up)
    return ends_.stop(worker, now, why, false);
  watchdog_.stop_running_element(worker, now);
  go_on();
}

void Scheduler::worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now) {
  const bool hopeless = growth_.gone(worker, now);
  intents_.drop(worker);
  ends_.gone(worker, claimed, now);
  revocations_.take_back_failed();
  if (hopeless) jobs_.fail_all(JobEnd::no_workers);
  go_on();
}

std::optional<Assignment> Scheduler::borrow(JobId job, Time now) {
  const std::optional<Assignment> sent = placement_.borrow(job, now);
  if (sent) population_.set_borrowed(sent->worker, true);
  return sent;
}

// --- time ---

Growth::Demand Scheduler::demand() const {
  const std::size_t waiting = pending_.waiting();
  const bool matters = waiting != 0 && population_.alive() != population_.size();
  return {waiting, matters ? assignments_.free_workers() : 0, pending_.in_line() != 0,
          store_.empty()};
}

void Scheduler::pump(Time now) {
  then({.kind = Kind::pump, .now = now});
  go_on();
}

// Workers are started after jobs that are over have left the line: no worker starts for those.
void Scheduler::begin_pump(Time now) {
  clock_.set(now);
  pending_.bring_back_delayed(now);
  placement_.assign(now);
  growth_.start_due(demand(), now);
  const bool balances = placement_.look_before_balance(now);
  then({.kind = balances ? Kind::balance : Kind::settle_workers, .now = now});
}

void Scheduler::tick(Time now, const std::vector<Running>& running) {
  look_soon_ = false;
  clock_.set(now);
  for (const Running& seen : running) watchdog_.look_at(seen, now);
  for (WorkerId id = 0; id < population_.size(); ++id) {
    if (population_.is_overdue(id, pending_.in_line() != 0, now)) ends_.stop(id, now);
    watchdog_.stop_if_silent(id, now);
  }
  turnover_.look_at_the_old(now);
  then({.kind = Kind::retire, .now = now});
  go_on();
}

void Scheduler::skip(Time now, Nanoseconds stopped) {
  clock_.note_stop(now, stopped);
  assignments_.skip(now, stopped);
  population_.skip(now, stopped);
}

std::optional<Time> Scheduler::next_tick() const {
  if (look_soon_) return Time{};
  Time soonest = Time::max();
  const bool backlog = pending_.in_line() != 0, more = growth_.wants_worker(demand());
  const bool fewer = config_.idle_timeout.count() != 0 && growth_.may_shrink();
  for (WorkerId id = 0; id < population_.size(); ++id) {
    soonest = std::min({soonest, population_.next_change(id, backlog), watchdog_.next_look(id)});
    if (more) soonest = std::min(soonest, growth_.next_start(id, backlog));
    if (fewer) soonest = std::min(soonest, turnover_.idle_until(id));
  }
  const std::optional<Time> delayed = pending_.next_delayed();
  if (delayed && *delayed <= soonest) return delayed;
  return soonest == Time::max() ? std::nullopt : std::optional(soonest);
}

WorkerView Scheduler::view(WorkerId id) const {
  const Population::Member& member = population_.at(id);
  const Assignments::Worker& worker = assignments_.at(id);
  const bool idle = worker.held.empty();
  const char* state = "leaving";
  if (member.is(State::vacant)) state = "gone";
  if (member.is(State::starting)) state = "starting";
  if (member.is(State::ready)) state = idle ? "idle" : "busy";
  return {state,
          worker.done,
          worker.sequence,
          idle,
          assignments_.is_free(id),
          member.came_up,
          population_.used_up(id)};
}

PoolView Scheduler::view() const noexcept {
  const bool backlog = pending_.in_line() != 0;
  return {.closing = growth_.closing(),
          .terminated = growth_.terminated(),
          .drained = store_.empty(),
          .all_gone = population_.alive() == 0,
          .backlog = backlog,
          .wants_pump = backlog || growth_.closing()};
}

}  // namespace brood::pool

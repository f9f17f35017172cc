#include "pool/scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

using Kind = Intent::Kind;
using State = Population::State;

Scheduler::Scheduler(const SchedulerConfig& config)
    : config_(config),
      jobs_(actions_),
      population_(config_, actions_),
      clock_(config_, jobs_),
      assignments_(config_, actions_, jobs_, population_, clock_),
      watchdog_(config_, jobs_, population_, clock_, assignments_, intents_),
      placement_(config_, actions_, jobs_, population_, assignments_) {}

// --- what waits for answers ---

// At once where no question is open.
void Scheduler::then(const Intent& intent) {
  if (intents_.empty() && !assignments_.waits()) return conclude(intent);
  intents_.add(intent);
}

void Scheduler::go_on() {
  while (!intents_.empty() && !assignments_.waits()) conclude(intents_.take_next());
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
      return settle_workers(intent.now);
    case Kind::settle_workers:
      return settle_workers(intent.now);
    case Kind::retire:
      return retire_the_old_and_idle(intent.now);
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
  assignments_.answer(worker, begun.count);
  go_on();
}

// --- calls by the pool's users ---

void Scheduler::cancel(JobId job, std::size_t index, bool stop_running, Time now) {
  then({.kind = Kind::cancel, .stop = stop_running, .now = now, .job = job, .index = index});
  go_on();
}

void Scheduler::begin_cancel(Intent intent) {
  const Job* const job = jobs_.find(intent.job);
  if (job == nullptr || job->finished) return;
  intent.kind = Kind::end_cancel;
  intent.assigned = job->assigned;
  if (intent.index == Action::all) {
    intent.any = jobs_.give_up_rest(intent.job);
  } else {
    intent.any = jobs_.give_up(intent.job, intent.index);
  }
  if (intent.index == Action::all || !intent.any) assignments_.take_back_from_all(intent.job);
  then(intent);
}

// What was taken back is pending.
void Scheduler::end_cancel(const Intent& intent) {
  const Job* const job = jobs_.find(intent.job);
  if (job == nullptr || job->finished) return;
  const bool all = intent.index == Action::all;
  bool done = intent.any ||
              (all ? job->assigned != intent.assigned : jobs_.give_up(intent.job, intent.index));
  if (all) {
    jobs_.give_up_rest(intent.job);
    if (intent.stop) done |= watchdog_.stop_all_of(intent.job, intent.now);
  } else if (!done) {
    jobs_.note_last_attempt(intent.job, intent.index);
    if (intent.stop) done = watchdog_.stop_one_of(intent.job, intent.index, intent.now);
  }
  if (!done) return;
  actions_.add({.kind = Action::Kind::cancelled, .job = intent.job, .first = intent.index});
  if (all) return jobs_.finish(intent.job, JobEnd::cancelled);
  jobs_.settle(intent.job);
}

void Scheduler::close(Closing how, Time now) {
  population_.close(how == Closing::terminated);
  if (how == Closing::draining) {
    for (const JobId job : jobs_.drain()) {
      assignments_.take_back_from_all(job);
      then({.kind = Kind::settle, .job = job});
    }
  } else if (how == Closing::terminated) {
    jobs_.fail_all(JobEnd::cancelled);
    for (WorkerId id = 0; id < workers(); ++id) assignments_.stop(id, now, nullptr);
  }
  go_on();
}

// --- what workers do ---

void Scheduler::worker_started(WorkerId worker, Time now) {
  assignments_.started(worker);
  population_.started(worker, now);
}

void Scheduler::worker_ready(WorkerId worker, Time now) {
  if (population_.ready(worker)) assignments_.ready(worker, now);
}

void Scheduler::start_failed(WorkerId worker, Time now, StartFailure why) {
  if (why == StartFailure::struck_down || why == StartFailure::initializer)
    return population_.expect_failure(worker, why);
  if (population_.start_failed(worker, now, why)) jobs_.fail_all(JobEnd::no_workers);
}

Reception Scheduler::outcomes(WorkerId worker, const Outcomes& outcomes, Time now) {
  const Reception reception = assignments_.outcomes(worker, outcomes, now);
  if (outcomes.failed) take_back_failed();
  return reception;
}

// Jobs that have ended at their first error: what others have not begun of them is not run.
void Scheduler::take_back_failed() {
  while (const std::optional<JobId> job = jobs_.next_failed())
    assignments_.take_back_from_all(*job);
}

void Scheduler::worker_broken(WorkerId worker, Time now, const char* why) {
  assignments_.stop(worker, now, why, false);
}

void Scheduler::stop_running_element(WorkerId worker, ElementFailure failure, Time now) {
  watchdog_.stop_running_element(worker, failure, now);
  go_on();
}

void Scheduler::end_use(WorkerId worker) {
  population_.retire(worker);
  assignments_.take_back(worker);
}

void Scheduler::worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now) {
  const bool hopeless = population_.gone(worker, now);
  intents_.drop(worker);
  assignments_.gone(worker, claimed, now);
  take_back_failed();
  if (hopeless) jobs_.fail_all(JobEnd::no_workers);
  go_on();
}

std::optional<Assignment> Scheduler::borrow(JobId job, Time now) {
  const std::optional<Assignment> sent = placement_.borrow(job, now);
  if (sent) population_.lend(sent->worker, true);
  return sent;
}

// --- time ---

Population::Demand Scheduler::demand() const {
  const std::size_t waiting = jobs_.waiting();
  const bool matters = waiting != 0 && population_.has_room();
  return {waiting, matters ? assignments_.free_workers() : 0, jobs_.in_line() != 0,
          jobs_.drained()};
}

void Scheduler::pump(Time now) {
  then({.kind = Kind::pump, .now = now});
  go_on();
}

// Workers are started after jobs that are over have left the line: nobody starts for those.
void Scheduler::begin_pump(Time now) {
  clock_.set(now);
  jobs_.bring_back_delayed(now);
  placement_.assign(now);
  population_.start_due(demand(), now);
  const bool balances = placement_.look_before_balance(now);
  then({.kind = balances ? Kind::balance : Kind::settle_workers, .now = now});
}

void Scheduler::settle_workers(Time now) {
  const bool ends = population_.closing() && jobs_.drained();
  for (WorkerId id = 0; id < workers(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::ready) || member.lent || !assignments_.at(id).held.empty()) continue;
    if (ends || population_.used_up(id)) population_.leave(id, now);
  }
  watchdog_.note_silent_workers(now);
}

void Scheduler::tick(Time now, const std::vector<Running>& running) {
  look_soon_ = false;
  clock_.set(now);
  for (const Running& seen : running) watchdog_.look_at(seen, now);
  for (WorkerId id = 0; id < workers(); ++id) {
    if (population_.is_overdue(id, jobs_.in_line() != 0, now)) assignments_.stop(id, now, nullptr);
    watchdog_.stop_if_silent(id, now);
  }
  look_at_the_old(now);
  then({.kind = Kind::retire, .now = now});
  go_on();
}

// Whether it may be about to begin what it has got.
bool Scheduler::may_begin(WorkerId id, Time now) const {
  const Assignments::Worker& worker = assignments_.at(id);
  return !worker.held.empty() && (now - worker.observed.heard < config_.begin_grace ||
                                  jobs_.at(worker.held.front().job).traits.timeout);
}

void Scheduler::look_at_the_old(Time now) {
  for (WorkerId id = 0; id < workers(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::ready) || member.retired || !population_.is_old(id, now)) continue;
    if (may_begin(id, now)) assignments_.look(id);
  }
}

// Not while something waits that such a worker may be about to get, or while it may be about to
// begin what it has got: one whose start takes longer than it may live would never run anything.
void Scheduler::retire_the_old_and_idle(Time now) {
  const bool backlog = jobs_.in_line() != 0;
  for (WorkerId id = 0; id < workers(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::ready) || member.retired) continue;
    const Assignments::Worker& worker = assignments_.at(id);
    const bool begins = may_begin(id, now) && worker.told <= worker.held.front().sequence;
    if (population_.is_old(id, now) && !begins && (member.given != 0 || !backlog)) end_use(id);
    if (config_.idle_timeout.count() == 0 || now - worker.observed.heard < config_.idle_timeout)
      continue;
    if (member.lent) {
      assignments_.observed(id).heard = now;  // it is in use
    } else if (worker.held.empty() && !backlog && population_.may_shrink()) {
      end_use(id);
    }
  }
}

void Scheduler::skip(Time now, Nanoseconds stopped) {
  clock_.note_stop(now, stopped);
  assignments_.skip(now, stopped);
  population_.skip(now, stopped);
}

std::optional<Time> Scheduler::next_tick() const {
  if (look_soon_) return Time{};
  Time soonest = Time::max();
  const bool backlog = jobs_.in_line() != 0, more = population_.wants_worker(demand());
  const bool fewer = config_.idle_timeout.count() != 0 && population_.may_shrink();
  for (WorkerId id = 0; id < workers(); ++id) {
    soonest =
        std::min({soonest, population_.next_change(id, more, backlog), watchdog_.next_look(id)});
    if (!fewer) continue;
    const Population::Member& member = population_.at(id);
    const Assignments::Worker& worker = assignments_.at(id);
    const bool unused = worker.held.empty() || member.lent;
    if (unused && member.is(State::ready) && !member.retired)
      soonest = std::min(soonest, plus(worker.observed.heard, config_.idle_timeout));
  }
  const std::optional<Time> delayed = jobs_.next_delayed();
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
  const bool backlog = jobs_.in_line() != 0;
  return {population_.closing(),
          population_.terminated(),
          jobs_.drained(),
          population_.all_gone(),
          backlog,
          backlog || population_.closing()};
}

}  // namespace brood::pool

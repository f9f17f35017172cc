#include "pool/scheduler/conclusions.hpp"

namespace brood::pool {

using Kind = Intent::Kind;

// At once where no question is open.
void Conclusions::then(const Intent& intent) {
  if (parts_.intents.empty() && !parts_.revocations.waits()) return conclude(intent);
  parts_.intents.add(intent);
}

void Conclusions::go_on() {
  while (!parts_.intents.empty() && !parts_.revocations.waits())
    conclude(parts_.intents.take_next());
}

void Conclusions::conclude(const Intent& intent) {
  switch (intent.kind) {
    case Kind::pump:
      return begin_pump(intent.now);
    case Kind::balance:
      return then(
          {.kind = parts_.placement.balance(intent.now) ? Kind::share : Kind::settle_workers,
           .now = intent.now});
    case Kind::share:
      parts_.placement.assign(intent.now);
      [[fallthrough]];
    case Kind::settle_workers:
      parts_.turnover.let_leave(intent.now);
      return parts_.watchdog.note_silent_workers(intent.now);
    case Kind::retire:
      return parts_.turnover.retire_the_old_and_idle(intent.now);
    case Kind::cancel:
      return begin_cancel(intent);
    case Kind::end_cancel:
      return end_cancel(intent);
    case Kind::settle:
      return parts_.jobs.settle(intent.job);
    default:
      return parts_.watchdog.conclude(intent);
  }
}

// Workers are started after jobs that are over have left the line: no worker starts for those.
void Conclusions::begin_pump(Time now) {
  parts_.clock.set(now);
  parts_.pending.bring_back_delayed(now);
  parts_.placement.assign(now);
  parts_.growth.start_due(parts_.demand(), now);
  const bool balances = parts_.placement.look_before_balance(now);
  then({.kind = balances ? Kind::balance : Kind::settle_workers, .now = now});
}

void Conclusions::begin_cancel(Intent intent) {
  const JobRecord* const job = parts_.store.find(intent.job);
  if (job == nullptr || job->finished) return;
  intent.kind = Kind::end_cancel;
  intent.assigned = job->assigned;
  if (intent.index == Action::all) {
    intent.any = parts_.jobs.give_up_rest(intent.job);
  } else {
    intent.any = parts_.jobs.give_up(intent.job, intent.index);
  }
  if (intent.index == Action::all || !intent.any) parts_.revocations.take_back_from_all(intent.job);
  then(intent);
}

// What was taken back is pending.
void Conclusions::end_cancel(const Intent& intent) {
  const JobRecord* const job = parts_.store.find(intent.job);
  if (job == nullptr || job->finished) return;
  const bool all = intent.index == Action::all;
  bool done = intent.any || (all ? job->assigned != intent.assigned
                                 : parts_.jobs.give_up(intent.job, intent.index));
  if (all) {
    parts_.jobs.give_up_rest(intent.job);
    if (intent.kill == Kill::yes) done |= parts_.watchdog.stop_all_of(intent.job, intent.now);
  } else if (!done) {
    parts_.store.note_last_attempt(intent.job, intent.index);
    if (intent.kill == Kill::yes)
      done = parts_.watchdog.stop_one_of(intent.job, intent.index, intent.now);
  }
  if (!done) return;
  parts_.actions.add({.kind = Action::Kind::cancelled, .job = intent.job, .first = intent.index});
  if (all) return parts_.jobs.finish(intent.job, JobEnd::cancelled);
  parts_.jobs.settle(intent.job);
}

}  // namespace brood::pool

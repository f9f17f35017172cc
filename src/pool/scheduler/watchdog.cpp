#include "pool/scheduler/watchdog.hpp"

namespace brood::pool {

using State = Population::State;

void Watchdog::look_at(const Running& seen, Time now) {
  const Assignments::Worker& worker = assignments_.at(seen.worker);
  Observed& observed = assignments_.edit(seen.worker).observed;
  observed.checked_at = now;
  if (worker.held.empty() || !population_.at(seen.worker).is(State::ready)) return;
  assignments_.edit(seen.worker).stoppable = seen.stoppable;
  const std::uint64_t begun = clock_.see(observed, worker.held, worker.sequence, seen, now);
  if (waits_for_stop(seen.worker, now)) return;
  if (begun == worker.held.front().sequence) return stop_if_unbegun(seen.worker, now);
  if (clock_.owes_outcomes(observed, worker.held, now))
    return ends_.stop(seen.worker, now, StopReason::unreported, WhatRuns::is_lost);
  stop_if_late(seen.worker, begun - 1, now);
}

// A fold has one outcome for several elements: none of them can stop by itself but with its job.
bool Watchdog::may_be_asked(WorkerId id, std::uint64_t sequence) const {
  const Assignments::Worker& worker = assignments_.at(id);
  if (worker.stoppable != sequence + 1 || !population_.at(id).is(State::ready)) return false;
  if (!worker.held.ends_with(sequence)) return false;
  const JobRecord* const job = jobs_.find(worker.held.back().job);
  return job != nullptr && (job->finished || !job->traits.folded);
}

// The element at `sequence`, the last that the worker holds, is not to go on.
void Watchdog::end_element(WorkerId id, std::uint64_t sequence, ElementFailure failure, Time now) {
  if (assignments_.stop_request(id, sequence) != nullptr) {
    if (failure != ElementFailure::cancelled) return;  // it has been asked: its end is another
    assignments_.edit(id).asked_to_stop->failure = failure;
    return ends_.charge(id, failure, sequence);
  }
  ends_.charge(id, failure, sequence);
  if (!may_be_asked(id, sequence)) return ends_.stop(id, now);
  assignments_.edit(id).asked_to_stop = {sequence, failure, plus(now, config_.stop_grace)};
  actions_.add({.kind = Action::Kind::ask_to_stop, .worker = id, .fence = sequence});
}

// Whether what it runs has been asked to stop; when that has had its time the worker is stopped.
bool Watchdog::waits_for_stop(WorkerId id, Time now) {
  const Assignments::Worker& worker = assignments_.at(id);
  if (!worker.asked_to_stop || !worker.held.ends_with(worker.asked_to_stop->sequence)) return false;
  if (now >= worker.asked_to_stop->until) ends_.stop(id, now);
  return true;
}

// Another worker gets the element; from the second one it has its outcome. It stays with this one
// until that is dead: a worker that lies about it may be running it.
void Watchdog::stop_if_unbegun(WorkerId id, Time now) {
  const Assignments::Worker& worker = assignments_.at(id);
  if (!clock_.is_unbegun_for_too_long(worker.observed, worker.held, now)) return;
  const std::uint64_t head = worker.held.front().sequence;
  revocations_.revoke(id, head + 1);
  intents_.add({.kind = Intent::Kind::stop_unbegun, .worker = id, .now = now, .sequence = head});
}

void Watchdog::stop_unbegun(const Intent& intent) {
  const Assignments::Worker& worker = assignments_.at(intent.worker);
  if (worker.held.empty() || worker.begun > intent.sequence) return;  // it has begun just now
  const Chunk head = worker.held.front();
  ends_.note_overdue(intent.worker, head.sequence);
  if (clock_.pass_on(head)) ends_.charge(intent.worker, ElementFailure::timed_out, head.sequence);
  ends_.stop(intent.worker, intent.now, StopReason::unbegun);
}

void Watchdog::stop_if_late(WorkerId id, std::uint64_t sequence, Time now) {
  const Assignments::Worker& worker = assignments_.at(id);
  if (!clock_.is_late(worker.observed, worker.held, sequence, now)) return;
  revocations_.revoke(id, sequence + 1);
  intents_.add({.kind = Intent::Kind::stop_late, .worker = id, .now = now, .sequence = sequence});
}

// If what stands behind the element has begun, that has just ended.
void Watchdog::stop_late(const Intent& intent) {
  const Assignments::Worker& worker = assignments_.at(intent.worker);
  if (!worker.held.ends_with(intent.sequence)) return;
  if (worker.observed.owes_since != Time{}) ends_.note_owing(intent.worker);
  end_element(intent.worker, intent.sequence, ElementFailure::timed_out, intent.now);
}

void Watchdog::note_silent_workers(Time now) {
  for (const WorkerId id : index_.sets().revoking) {
    const Assignments::Worker& worker = assignments_.at(id);
    const bool silent =
        population_.at(id).is(State::ready) && worker.revoking && worker.held.empty();
    OwnerClock::note(assignments_.edit(id).observed,
                     silent ? OwnerClock::Silence::yes : OwnerClock::Silence::no, now);
  }
}

void Watchdog::stop_silent_workers(Time now) {
  for (const WorkerId id : index_.sets().revoking) {
    const Assignments::Worker& worker = assignments_.at(id);
    if (!worker.revoking || !worker.held.empty()) continue;
    if (clock_.is_silent_for_too_long(worker.observed, now))
      ends_.stop(id, now, StopReason::unresponsive, WhatRuns::is_lost);
  }
}

void Watchdog::stop_running_element(WorkerId id, Time now) {
  if (!population_.at(id).is(State::ready)) return;
  const Held& held = assignments_.at(id).held;
  if (!held.empty() && clock_.is_passed_on(held)) revocations_.look(id);
  intents_.add({.kind = Intent::Kind::stop_element, .worker = id, .now = now});
}

// What has not begun is taken back first: then the last that it holds is the one that runs. Where
// it holds none, the one that was next may be running all the same, and is taken for it at last.
void Watchdog::stop_element(Intent intent) {
  const WorkerId id = intent.worker;
  const Held& held = assignments_.at(id).held;
  intent.kind = Intent::Kind::end_stop_element;
  if (!held.empty()) {
    const Chunk front = held.front();
    const auto& unbegun = jobs_.at(front.job).unbegun;
    const auto known = unbegun.find(front.first);
    const bool last = known != unbegun.end() && known->second.deaths + 1 >= config_.unbegun_deaths;
    const bool guilty = last || revocations_.keeps_its_head(id);
    revocations_.revoke(id, guilty ? front.sequence + 1 : 0);
    if (guilty) ends_.note_overdue(id, front.sequence);
    intent.job = front.job;
    intent.index = front.first;
  }
  intents_.add(intent);
}

void Watchdog::end_stop_element(const Intent& intent) {
  const Held& held = assignments_.at(intent.worker).held;
  if (!held.empty()) {
    ends_.charge(intent.worker, ElementFailure::lost, held.back().sequence + held.back().count - 1);
  } else if (intent.index != Action::all) {
    if (Unbegun* const unbegun = jobs_.unbegun(intent.job, intent.index)) ++unbegun->deaths;
  }
  ends_.stop(intent.worker, intent.now);
}

// The last that a worker holds is what runs; elements before that have results on their way.
bool Watchdog::stop_all_of(JobId job, Time now) {
  bool any = false;
  for (const WorkerId id : index_.sets().occupied) {
    const Held& held = assignments_.at(id).held;
    if (held.empty() || held.back().job != job) continue;
    const std::uint64_t running = held.back().sequence + held.back().count - 1;
    end_element(id, running, ElementFailure::cancelled, now);
    any = true;
  }
  return any;
}

bool Watchdog::stop_one_of(JobId job, std::size_t index, Time now) {
  for (const WorkerId id : index_.sets().occupied) {
    const Held& held = assignments_.at(id).held;
    if (!population_.at(id).is(State::ready) || held.empty() || held.back().job != job) continue;
    if (held.back().first + held.back().count - 1 != index) continue;
    if (revocations_.keeps_its_head(id)) {  // what stands behind that has not begun
      if (held.front().first != index) continue;
      ends_.note_overdue(id, held.front().sequence);
    }
    jobs_.note_cancelled(job, index);
    end_element(id, held.back().sequence + held.back().count - 1, ElementFailure::cancelled, now);
    return true;
  }
  return false;
}

void Watchdog::conclude(const Intent& intent) {
  switch (intent.kind) {
    case Intent::Kind::stop_late:
      return stop_late(intent);
    case Intent::Kind::stop_unbegun:
      return stop_unbegun(intent);
    case Intent::Kind::stop_element:
      return stop_element(intent);
    default:
      return end_stop_element(intent);
  }
}

}  // namespace brood::pool

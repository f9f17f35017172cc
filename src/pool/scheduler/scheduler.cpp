#include "pool/scheduler/scheduler.hpp"

namespace brood::pool {

using Kind = Intent::Kind;

// --- calls by the pool's users ---

void Scheduler::cancel(JobId job, std::size_t index, Kill kill, Time now) {
  integrity_.change([&] {
    conclusions_.then({.kind = Kind::cancel, .kill = kill, .now = now, .job = job, .index = index});
    conclusions_.go_on();
  });
}

void Scheduler::close(Closing how, Time now) {
  if (how == Closing::abandoned) return parts_.growth.close(how);
  integrity_.change([&] {
    parts_.growth.close(how);
    if (how == Closing::draining) {
      for (const JobId job : parts_.jobs.drain()) {
        parts_.revocations.take_back_from_all(job);
        conclusions_.then({.kind = Kind::settle, .job = job});
      }
    } else if (how == Closing::terminated) {
      parts_.jobs.fail_all(JobEnd::cancelled);
      for (WorkerId id = 0; id < parts_.population.size(); ++id) {
        parts_.revocations.revoke(id, 0);  // what is asked to stop has some time
        parts_.ends.stop(id, now);
      }
    }
    conclusions_.go_on();
  });
}

// --- what workers do ---

void Scheduler::worker_event(WorkerId worker, WorkerEvent event, Time now) {
  integrity_.change([&] { take(worker, event, now); });
}

void Scheduler::take(WorkerId worker, WorkerEvent event, Time now) {
  Growth& growth = parts_.growth;
  switch (event) {
    case WorkerEvent::start_failed:
      if (growth.start_failed(worker, now)) parts_.jobs.fail_all(JobEnd::no_workers);
      return;
    case WorkerEvent::short_of_resources:
      if (growth.short_of_resources(worker, now)) parts_.jobs.fail_all(JobEnd::no_workers);
      return;
    case WorkerEvent::started:
      parts_.assignments.started(worker);
      return growth.started(worker, now);
    case WorkerEvent::ready:
      if (growth.ready(worker)) parts_.assignments.ready(worker, now);
      return;
    case WorkerEvent::initializer_failed:
      return growth.initializer_failed(worker);
    case WorkerEvent::killed_from_outside:
      return growth.killed_from_outside(worker);
    case WorkerEvent::exhausted:
      return parts_.turnover.retire(worker);
    case WorkerEvent::hung_up:
      return parts_.population.retire(worker);
    case WorkerEvent::borrowable:
    case WorkerEvent::not_borrowable:
      return parts_.population.set_borrowable(worker, event == WorkerEvent::borrowable);
    case WorkerEvent::given_back:
      return parts_.population.set_borrowed(worker, false);
  }
}

Reception Scheduler::outcomes(WorkerId worker, const Outcomes& outcomes, Time now) {
  return integrity_.change([&] {
    const Reception reception = parts_.assignments.outcomes(worker, outcomes, now);
    parts_.revocations.take_back_failed();
    return reception;
  });
}

void Scheduler::stop(WorkerId worker, StopReason why, Time now) {
  integrity_.change([&] {
    if (why != StopReason::memory || !parts_.population.at(worker).came_up)
      return parts_.ends.stop(worker, now, why, WhatRuns::is_lost);
    parts_.watchdog.stop_running_element(worker, now);
    conclusions_.go_on();
  });
}

void Scheduler::worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now) {
  integrity_.change([&] {
    const bool hopeless = parts_.growth.gone(worker, now);
    parts_.intents.drop(worker);
    parts_.ends.gone(worker, claimed, now);
    parts_.revocations.take_back_failed();
    if (hopeless) parts_.jobs.fail_all(JobEnd::no_workers);
    conclusions_.go_on();
  });
}

std::optional<Assignment> Scheduler::borrow(JobId job, Time now) {
  return integrity_.change([&] {
    const std::optional<Assignment> sent = parts_.placement.borrow(job, now);
    if (sent) parts_.population.set_borrowed(sent->worker, true);
    return sent;
  });
}

// --- what the driver is to do ---

void Scheduler::answer(WorkerId worker, const Begun& begun) {
  integrity_.change([&] {
    parts_.look_soon |= begun.doubted;
    parts_.revocations.answer(worker, begun);
    conclusions_.go_on();
  });
}

// --- time ---

void Scheduler::pump(Time now) {
  integrity_.change([&] {
    conclusions_.then({.kind = Kind::pump, .now = now});
    conclusions_.go_on();
  });
}

void Scheduler::tick(Time now, const std::vector<Running>& running) {
  integrity_.change([&] {
    parts_.look_soon = false;
    parts_.clock.set(now);
    for (const Running& seen : running) parts_.watchdog.look_at(seen, now);
    for (const WorkerId id : parts_.population.overdue(parts_.pending.in_line() != 0, now))
      parts_.ends.stop(id, now);
    parts_.watchdog.stop_silent_workers(now);
    parts_.turnover.look_at_the_old(now);
    conclusions_.then({.kind = Kind::retire, .now = now});
    conclusions_.go_on();
  });
}

void Scheduler::skip(Time now, Nanoseconds stopped) {
  integrity_.change([&] {
    parts_.clock.note_stop(now, stopped);
    parts_.assignments.skip(now, stopped);
    parts_.population.skip(now, stopped);
  });
}

}  // namespace brood::pool

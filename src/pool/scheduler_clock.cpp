#include <algorithm>
#include <utility>

#include "pool/scheduler.hpp"

// What the owner's own clock allows a worker, whatever its page and its stream say.
namespace brood::pool {

namespace {

Time plus(Time start, Nanoseconds wait) {
  return wait < Time::max() - start ? start + wait : Time::max();  // never
}

constexpr std::size_t mebibyte = std::size_t{1} << 20;

template <class Elements>
bool is_passed_on(const Elements& unbegun, std::size_t index) {
  const auto known = unbegun.find(index);
  return known != unbegun.end() && known->second.passed_on;
}

}  // namespace

void Scheduler::skip(Time now, Nanoseconds stopped) {
  stops_.add(now, stopped);
  for (Worker& worker : workers_) {
    for (Time* const time : {&worker.heard, &worker.since, &worker.looked_at, &worker.checked_at,
                             &worker.silent_since, &worker.owes_since}) {
      if (*time != Time{}) *time = std::min(now, *time + stopped);
    }
  }
}

// The claim is taken for what it was before where it goes back, and its time for no later than when
// it was first seen: a clock that the worker moves on moves nothing here.
void Scheduler::look_at(const Running& seen, Time now) {
  Worker& worker = workers_[seen.worker];
  worker.checked_at = now;
  if (worker.queue.empty() || worker.state != State::ready) return;
  const std::uint64_t next = worker.queue.front().sequence;
  const std::uint64_t begun =
      std::clamp(std::max(seen.claimed, worker.looked), next, worker.sequence);
  if (begun != worker.looked || worker.looked_at == Time{}) worker.looked_at = now;
  worker.looked = begun;
  if (begun == next) return stop_if_not_begun(seen.worker, now);
  worker.since = std::min(stops_.without(seen.since), worker.looked_at);
  if (owes_outcomes(worker, now))
    return worker_broken(seen.worker, now, "it does not tell what has become of what it has ended");
  stop_if_late(seen.worker, begun - 1, now);
}

// A worker begins an element when it has ended the one before. What that one became is in the page
// or on its way by then: of a fold, when its chunk has ended.
bool Scheduler::owes(const Worker& worker) {
  const Assigned& front = worker.queue.front();
  const Job* const job = find(front.job);
  const bool folded = job != nullptr && job->traits.folded;
  return worker.looked > front.sequence + (folded ? front.count : 1);
}

bool Scheduler::owes_outcomes(Worker& worker, Time now) {
  if (!owes(worker)) {
    worker.owes_since = Time{};
    return false;
  }
  const Assigned& front = worker.queue.front();
  if (worker.owes_since == Time{} || worker.owes != front.sequence) {
    worker.owes = front.sequence;
    worker.owes_since = now;
  }
  return now - worker.owes_since >= config_.answer;
}

// Of a fold nothing is told before its end: its elements together may take what each may.
bool Scheduler::sum_is_over(const Worker& worker, std::uint64_t sequence, Time now) const {
  const Assigned& front = worker.queue.front();
  const Job& job = jobs_[slot_of(front.job)];
  if (!job.traits.folded || !job.traits.timeout) return false;
  const bool last = is_passed_on(job.unbegun, front.first);
  const auto begun = static_cast<Nanoseconds::rep>(sequence + 1 - front.sequence);
  return (now - worker.heard - grace(worker, job, last)) / begun >= *job.traits.timeout;
}

// `last`: no other worker is to have what is next in this one.
Nanoseconds Scheduler::grace(const Worker& worker, const Job& job, bool last) const {
  const std::size_t bytes = worker.bytes + job.traits.definition_bytes;
  return config_.begin_grace * (last ? config_.last_grace : 1) +
         config_.per_mebibyte * static_cast<Nanoseconds::rep>(bytes / mebibyte);
}

// For the element that is next. An owner that was stopped itself has not looked meanwhile.
Time Scheduler::latest_beginning(const Worker& worker, const Job& job) const {
  const Time late = plus(worker.heard, *job.traits.timeout);
  const bool last = is_passed_on(job.unbegun, worker.queue.front().first);
  return plus(std::max(late, worker.looked_at), grace(worker, job, last));
}

// Another worker gets the element; from the second one it has its outcome. It stays in the queue
// until this worker is dead: a worker that lies about it may be running it.
void Scheduler::stop_if_not_begun(WorkerId id, Time now) {
  Worker& worker = workers_[id];
  const Assigned front = worker.queue.front();
  Job* const job = find(front.job);
  if (job == nullptr || !job->traits.timeout || now < latest_beginning(worker, *job)) return;
  take_back(id, front.sequence + 1);
  if (worker.begun > front.sequence) return;  // just now
  worker.overdue = front.sequence;
  if (std::exchange(job->unbegun[front.first].passed_on, true)) {
    worker.fate = Fate::timed_out;
    worker.fate_sequence = front.sequence;
  }
  stop(id, now, "it has not begun in time what it was sent");
}

// Then it keeps what is next, and all behind it, until this clock has decided: elements that go
// from worker to worker for other reasons, sooner than they are late, would never be.
bool Scheduler::is_last_for_its_head(WorkerId id) const {
  const Worker& worker = workers_[id];
  if (worker.queue.empty()) return false;
  const Assigned& front = worker.queue.front();
  const Job& job = jobs_[slot_of(front.job)];
  return job.traits.timeout && is_passed_on(job.unbegun, front.first) &&
         claims_->begun(id) <= front.sequence;
}

// What the first worker that has an element next may take until it begins that.
Nanoseconds Scheduler::to_begin(const Worker& worker, const Job& job) const {
  const Time late = plus(Time{}, *job.traits.timeout);
  return plus(late, grace(worker, job, false)).time_since_epoch();
}

// The worker loses its head, which it has not begun. How long that was next adds up. An owner that
// was stopped itself has not looked meanwhile: so none counts for more than it was allowed.
Unbegun* Scheduler::note_unbegun(const Worker& worker) {
  const Assigned& front = worker.queue.front();
  Job* const job = find(front.job);
  if (job == nullptr) return nullptr;
  Unbegun& unbegun = job->unbegun[front.first];
  if (!job->traits.timeout) return &unbegun;
  const Nanoseconds most = to_begin(worker, *job);
  unbegun.time += std::clamp(latest_ - worker.heard, Nanoseconds::zero(), most);
  unbegun.passed_on |= unbegun.time >= most;
  return &unbegun;
}

// When the front element is to be looked at, for its timeout. One that has not begun may begin at
// any time: it is seen before its own time is over.
std::optional<Time> Scheduler::next_look(const Worker& worker) const {
  const Assigned& front = worker.queue.front();
  const Job& job = jobs_[slot_of(front.job)];
  if (!job.traits.timeout) return std::nullopt;
  const Time late = plus(std::max(worker.heard, worker.since), *job.traits.timeout);
  const bool begun = worker.looked > front.sequence;
  const Time look =
      begun || worker.checked_at < late
          ? late
          : std::min(plus(worker.checked_at, *job.traits.timeout), latest_beginning(worker, job));
  return look == Time::max() ? std::nullopt : std::optional(look);
}

// A worker that has nothing but a revocation to see.
void Scheduler::note_silent_workers(Time now) {
  for (Worker& worker : workers_) {
    const bool silent = worker.state == State::ready && worker.revoking && worker.queue.empty();
    if (!silent) {
      worker.silent_since = Time{};
    } else if (worker.silent_since == Time{}) {
      worker.silent_since = now;
    }
  }
}

void Scheduler::stop_if_silent(WorkerId id, Time now) {
  const Worker& worker = workers_[id];
  if (worker.silent_since == Time{} || !worker.revoking || !worker.queue.empty()) return;
  if (now - worker.silent_since < config_.answer) return;
  worker_broken(id, now, "it does not see that elements have been taken back");
}

}  // namespace brood::pool

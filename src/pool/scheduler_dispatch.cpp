#include <algorithm>
#include <cmath>
#include <utility>

#include "pool/scheduler.hpp"

// Who gets what, and when.
namespace brood::pool {

namespace {
constexpr std::uint64_t worth_taking = 200'000;  // ns of work for which a revocation pays
constexpr std::size_t chunk_growth =
    4;  // a chunk is at most so many times the largest that has come back
constexpr std::size_t large_chunk = std::size_t{64} << 20;  // bytes of arguments
constexpr double cheapest = 5;                              // ns; no element costs less
}  // namespace

void Scheduler::pump(Time now) {
  latest_ = now;
  bring_back_delayed(now);
  assign(now);
  start_due_workers(now);  // after jobs that are over have left the line: nobody starts for those
  balance(now);
  let_workers_leave(now);
  note_silent_workers(now);
}

void Scheduler::assign(Time now) {
  while (!runnable_.empty()) {
    const JobId id = runnable_.front();
    Job* const job = find(id);
    if (job == nullptr || job->pending_count == 0) {
      if (job != nullptr) job->runnable = false;
      runnable_.pop_front();
      continue;
    }
    const std::optional<WorkerId> worker = hungriest(*job, now);
    if (!worker) return;
    send(*worker, id, *job, chunk_size(workers_[*worker], *job), now);
  }
}

void Scheduler::send(WorkerId id, JobId job_id, Job& job, std::size_t count, Time now) {
  Worker& worker = workers_[id];
  Range& range = job.pending.back();
  const std::size_t first = range.first;
  range.first += count;
  if (range.first == range.last) job.pending.pop_back();
  job.pending_count -= count;
  job.assigned += count;
  const auto failures = job.failures.empty() ? job.failures.end() : job.failures.find(first);
  const bool define =
      !job.traits.self_contained &&
      std::find(job.defined_in.begin(), job.defined_in.end(), id) == job.defined_in.end();
  if (define) job.defined_in.push_back(id);
  const auto cost = static_cast<std::uint64_t>(job.cost->mean);
  if (worker.queue.empty()) worker.heard = now;
  worker.queue.push_back({job_id, first, count, worker.sequence, cost, job.traits.element_bytes});
  actions_.push_back(
      {.kind = Action::Kind::send,
       .worker = id,
       .job = job_id,
       .assignment = {id, job_id, first, count, worker.sequence,
                      failures == job.failures.end() ? 1 : failures->second.sum() + 1, define}});
  worker.sequence += count;
  worker.given += count;
  worker.elements += count;
  worker.expected += count * cost;
  worker.bytes += count * job.traits.element_bytes;
}

bool Scheduler::usable(const Worker& worker) const {
  return worker.state == State::ready && !worker.lent && !worker.revoking && !worker.retired &&
         (config_.max_tasks == 0 || worker.given < config_.max_tasks);
}

bool Scheduler::hungry(const Worker& worker, const Job& job, Time now) const {
  if (!usable(worker)) return false;
  if (worker.queue.empty()) return true;
  return job.cost->samples != 0 && now - worker.heard < config_.quiet &&
         worker.expected < static_cast<std::uint64_t>(config_.depth.count() / 2) &&
         worker.bytes < config_.queue_bytes && worker.queue.size() < config_.queue_elements;
}

std::optional<WorkerId> Scheduler::hungriest(const Job& job, Time now) const {
  std::optional<WorkerId> best;
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    const Worker& worker = workers_[id];
    if (!hungry(worker, job, now)) continue;
    if (worker.queue.empty()) return id;
    if (!best || worker.expected < workers_[*best].expected) best = id;
  }
  return best;
}

std::size_t Scheduler::chunk_size(const Worker& worker, const Job& job) const {
  std::size_t most = job.pending.back().last - job.pending.back().first;
  if (config_.max_tasks != 0) most = std::min<std::size_t>(most, config_.max_tasks - worker.given);
  if (job.failures.contains(job.pending.back().first)) return 1;
  if (job.traits.chunk != 0) {
    // A worker takes in a chunk as a whole, but decodes a large argument that comes alone as it
    // arrives.
    const std::size_t fitting = large_chunk / std::max<std::size_t>(job.traits.element_bytes, 1);
    return std::max<std::size_t>(std::min({most, job.traits.chunk, fitting}), 1);
  }
  if (job.cost->samples == 0) return 1;
  const auto budget =
      static_cast<double>(config_.depth.count()) - static_cast<double>(worker.expected);
  const double by_time = std::max(1.0, budget / std::max(job.cost->mean, cheapest));
  const std::size_t sharers = runnable_.size() > 1 ? 1 : 2 * workers_.size();
  const std::size_t share = (job.pending_count + sharers - 1) / sharers;
  most = std::min({most, static_cast<std::size_t>(by_time),
                   chunk_growth * std::max<std::size_t>(job.largest, 1), share});
  if (job.traits.element_bytes != 0)
    most = std::min(most, config_.chunk_bytes / job.traits.element_bytes);
  return std::max<std::size_t>(most, 1);
}

void Scheduler::learn(Job& job, const Outcomes& outcomes) {
  if (outcomes.elapsed == 0) return;
  Cost& cost = *job.cost;
  const double each = static_cast<double>(outcomes.elapsed) / static_cast<double>(outcomes.count);
  const double weight = cost.samples == 0 ? 1.0 : outcomes.count > 16 ? 0.5 : 0.125;
  cost.mean += weight * (each - cost.mean);
  ++cost.samples;
  job.largest = std::max(job.largest, outcomes.count);
  cost.largest = std::max(cost.largest, outcomes.count);
}

// An idle worker, nothing pending, and somebody with more than it runs: shares out what has not
// begun. Not from a worker that has begun nothing: slow workers would take the same elements from
// each other for ever; unless it has had its time to.
void Scheduler::balance(Time now) {
  if (!runnable_.empty()) return free_queues(now);
  const auto idle = [this](const Worker& w) { return usable(w) && w.queue.empty(); };
  if (std::none_of(workers_.begin(), workers_.end(), idle)) return;
  std::optional<WorkerId> victim;
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    const Worker& worker = workers_[id];
    if (!has_more_than_it_runs(worker)) continue;
    if (worker.expected < worth_taking && now - worker.heard < config_.quiet) continue;
    const bool begun = claims_->begun(id) > worker.queue.front().sequence;
    if (!begun && now - worker.heard < config_.begin_grace) continue;
    if (is_last_for_its_head(id)) continue;
    if (!victim || worker.expected > workers_[*victim].expected) victim = id;
  }
  if (victim && take_back(*victim) != 0) assign(now);
}

// Others wait, and no worker is idle: what stands behind an element that runs for long waits with
// them, for whichever worker is the first to have time.
void Scheduler::free_queues(Time now) {
  if (workers_.size() < 2) return;
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    const Worker& worker = workers_[id];
    if (!has_more_than_it_runs(worker) || now - worker.heard < config_.stuck) continue;
    const bool begun = claims_->begun(id) > worker.queue.front().sequence;
    if (begun && !is_last_for_its_head(id)) take_back(id);
  }
}

bool Scheduler::has_more_than_it_runs(const Worker& worker) {
  return worker.state == State::ready && worker.elements > 1 && !worker.revoking && !worker.lent;
}

void Scheduler::start_due_workers(Time now) {
  for (WorkerId id = 0; id < workers_.size() && wants_worker(); ++id) {
    Worker& worker = workers_[id];
    if (!can_start(worker) || now < worker.restart_at) continue;
    worker.state = State::starting;
    worker.heard = now;
    actions_.push_back({.kind = Action::Kind::start, .worker = id});
  }
}

bool Scheduler::can_start(const Worker& worker) const {
  return worker.state == State::vacant &&
         (worker.start_failures < config_.start_attempts || !runnable_.empty());
}

std::size_t Scheduler::least_workers() const {
  return std::min<std::size_t>(config_.min_workers.value_or(config_.workers), workers_.size());
}

// Beyond the minimum one more for each element that waits, less those that come anyway.
bool Scheduler::wants_worker() const {
  if (terminated_ || (closing_ && drained())) return false;
  std::size_t alive = 0, coming = 0;
  for (const Worker& worker : workers_) {
    alive += worker.state != State::vacant;
    coming += worker.state == State::starting || (usable(worker) && worker.queue.empty());
  }
  if (alive < least_workers()) return true;
  if (alive == workers_.size()) return false;
  return runnable_.any_of([&, waiting = std::size_t{0}](JobId id) mutable {
    const Job& job = jobs_[slot_of(id)];
    waiting += job.pending_count;
    return waiting > coming;
  });
}

// Whether one more than the least lives and is to stay.
bool Scheduler::may_shrink() const {
  std::size_t staying = 0;
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    const State state = workers_[id].state;
    staying += (state == State::starting || state == State::ready) && !used_up(id);
  }
  return staying > least_workers();
}

// Not while something waits that such a worker may be about to get, or while it may be about to
// begin what it has got: one whose start takes longer than it may live would never run anything.
void Scheduler::retire_the_old_and_idle(Time now) {
  const bool backlog = !runnable_.empty();
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    Worker& worker = workers_[id];
    if (worker.state != State::ready || worker.retired) continue;
    const bool old = config_.max_age.count() != 0 && now - worker.born >= config_.max_age;
    const bool begins = !worker.queue.empty() &&
                        (now - worker.heard < config_.begin_grace ||
                         jobs_[slot_of(worker.queue.front().job)].traits.timeout) &&
                        claims_->begun(id) <= worker.queue.front().sequence;
    if (old && !begins && (worker.given != 0 || !backlog)) retire(id);
    if (config_.idle_timeout.count() == 0 || now - worker.heard < config_.idle_timeout) continue;
    if (worker.lent) {
      worker.heard = now;  // it is in use
    } else if (worker.queue.empty() && !backlog && may_shrink()) {
      retire(id);
    }
  }
}

void Scheduler::let_workers_leave(Time now) {
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    Worker& worker = workers_[id];
    if (worker.state != State::ready || worker.lent || !worker.queue.empty()) continue;
    if (!used_up(id) && !(closing_ && drained())) continue;
    worker.state = State::leaving;
    worker.heard = now;
    actions_.push_back({.kind = Action::Kind::leave, .worker = id});
  }
}

void Scheduler::tick(Time now, const std::vector<Running>& running) {
  look_soon_ = false;
  latest_ = now;
  for (const Running& seen : running) look_at(seen, now);
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    const Worker& worker = workers_[id];
    const std::optional<Nanoseconds> most = most_for_change(worker);
    if (most && now - worker.heard >= *most) stop(id, now);
    stop_if_silent(id, now);
  }
  retire_the_old_and_idle(now);
}

// Whether the element at `sequence` is the last that the worker holds: behind a take_back, the one
// that runs.
bool Scheduler::runs_last(const Worker& worker, std::uint64_t sequence) {
  return !worker.queue.empty() &&
         worker.queue.back().sequence + worker.queue.back().count == sequence + 1;
}

// The element at `sequence` runs. It did not begin before the worker was last heard of.
void Scheduler::stop_if_late(WorkerId id, std::uint64_t sequence, Time now) {
  Worker& worker = workers_[id];
  if (worker.state != State::ready) return;
  // Not always in the front chunk: what that one has told may still be on its way.
  const auto chunk = std::find_if(worker.queue.begin(), worker.queue.end(), [&](const Assigned& a) {
    return a.sequence <= sequence && sequence - a.sequence < a.count;
  });
  if (chunk == worker.queue.end()) return;
  const Job* const job = find(chunk->job);
  if (job == nullptr || !job->traits.timeout) return;
  const bool late = now - std::max(worker.heard, worker.since) >= *job->traits.timeout;
  if (!late && !sum_is_over(worker, sequence, now)) return;
  // What stands behind it must not begin any more, or the signal would hit that. If it has begun
  // already, this one has just ended.
  take_back(id, sequence + 1);
  if (!runs_last(worker, sequence)) return;
  worker.fate = Fate::timed_out;
  worker.fate_sequence = sequence;
  stop(id, now);
  worker.owing = worker.owes_since != Time{};
}

// One that leaves is waited for while nothing waits for its place: it may have forged the outcome
// of what it still runs.
std::optional<Nanoseconds> Scheduler::most_for_change(const Worker& worker) const {
  if (worker.state == State::starting) return config_.start_timeout;
  if (worker.state != State::leaving) return std::nullopt;
  return runnable_.empty() ? config_.start_timeout
                           : std::min(config_.start_timeout, config_.answer);
}

std::optional<Time> Scheduler::next_tick() const {
  if (look_soon_) return Time{};
  std::optional<Time> soonest;
  const auto at = [&soonest](Time time) {
    if (!soonest || time < *soonest) soonest = time;
  };
  const auto after = [&at](Time start, Nanoseconds wait) {
    if (wait < Time::max() - start) at(start + wait);  // else never
  };
  if (!delayed_.empty()) at(delayed_.begin()->first);
  const bool more = wants_worker();
  const bool fewer = config_.idle_timeout.count() != 0 && may_shrink();
  for (const Worker& worker : workers_) {
    if (const auto most = most_for_change(worker)) after(worker.heard, *most);
    if (more && can_start(worker)) at(worker.restart_at);
    if (worker.state != State::ready) continue;
    if (worker.silent_since != Time{}) after(worker.silent_since, config_.answer);
    const bool unused = worker.queue.empty() || worker.lent;
    if (!worker.retired && config_.max_age.count() != 0) after(worker.born, config_.max_age);
    if (!worker.retired && fewer && unused) after(worker.heard, config_.idle_timeout);
    if (unused) continue;
    if (worker.elements > 1) at(worker.heard + config_.quiet);
    if (const std::optional<Time> look = next_look(worker)) at(*look);
  }
  return soonest;
}

}  // namespace brood::pool

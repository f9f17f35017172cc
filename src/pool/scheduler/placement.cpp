#include "pool/scheduler/placement.hpp"

#include <algorithm>

namespace brood::pool {

using State = Population::State;

namespace {
constexpr std::uint64_t worth_taking = 200'000;  // ns of work for which a revocation pays
// A chunk is at most so many times the largest that has come back.
constexpr std::size_t chunk_growth = 4;
constexpr std::size_t large_chunk = std::size_t{64} << 20;  // bytes of arguments
constexpr double cheapest = 5;                              // ns; no element costs less
}  // namespace

void Placement::assign(Time now) {
  while (const std::optional<JobId> id = pending_.front()) {
    const Job& job = jobs_.at(*id);
    const std::optional<WorkerId> worker = hungriest(job, now);
    if (!worker) return;
    const Assignment sent = send(*worker, *id, job, chunk_size(*worker, job), now);
    actions_.add({.kind = Action::Kind::send, .worker = *worker, .job = *id, .assignment = sent});
  }
}

Assignment Placement::send(WorkerId id, JobId job_id, const Job& job, std::size_t count, Time now) {
  const auto cost = static_cast<std::uint64_t>(job.cost->mean);
  const PendingElements::Taken taken = pending_.take(job_id, count, id);
  const std::uint64_t sequence =
      assignments_.give(id, {job_id, taken.first, count, 0, cost, job.traits.element_bytes}, now);
  return {id, job_id, taken.first, count, sequence, taken.attempt, taken.define};
}

std::optional<Assignment> Placement::borrow(JobId id, Time now) {
  const Job* const job = jobs_.find(id);
  if (job == nullptr || pending_.in_line() != 1 || job->pending_count != 1) return std::nullopt;
  for (WorkerId worker = 0; worker < assignments_.size(); ++worker) {
    if (!population_.at(worker).borrowable || !assignments_.is_free(worker)) continue;
    const Assignment sent = send(worker, id, *job, 1, now);
    pending_.front();  // the job leaves the line
    return sent;
  }
  return std::nullopt;
}

bool Placement::hungry(WorkerId id, const Job& job, Time now) const {
  if (!assignments_.takes_work(id)) return false;
  const Assignments::Worker& worker = assignments_.at(id);
  const Held& held = worker.held;
  if (held.empty()) return true;
  return job.cost->samples != 0 && now - worker.observed.last_activity < config_.quiet &&
         held.expected() < static_cast<std::uint64_t>(config_.depth.count() / 2) &&
         held.bytes() < config_.queue_bytes && held.chunks() < config_.queue_elements;
}

std::optional<WorkerId> Placement::hungriest(const Job& job, Time now) const {
  std::optional<WorkerId> best;
  std::uint64_t least = 0;
  for (WorkerId id = 0; id < assignments_.size(); ++id) {
    if (!hungry(id, job, now)) continue;
    const Held& held = assignments_.at(id).held;
    if (held.empty()) return id;
    if (best && held.expected() >= least) continue;
    best = id;
    least = held.expected();
  }
  return best;
}

std::size_t Placement::chunk_size(WorkerId id, const Job& job) const {
  std::size_t most = job.next_range();
  if (config_.max_tasks != 0)
    most = std::min<std::size_t>(most, config_.max_tasks - population_.at(id).given);
  if (job.failures.contains(job.pending.back().first)) return 1;
  if (job.traits.chunk != 0) {
    // A worker takes in a chunk as a whole, but decodes a large argument that comes alone as it
    // arrives.
    const std::size_t fitting = large_chunk / std::max<std::size_t>(job.traits.element_bytes, 1);
    return std::max<std::size_t>(std::min({most, job.traits.chunk, fitting}), 1);
  }
  if (job.cost->samples == 0) return 1;
  const auto budget = static_cast<double>(config_.depth.count()) -
                      static_cast<double>(assignments_.at(id).held.expected());
  const double by_time = std::max(1.0, budget / std::max(job.cost->mean, cheapest));
  const std::size_t sharers = pending_.in_line() > 1 ? 1 : 2 * assignments_.size();
  const std::size_t share = (job.pending_count + sharers - 1) / sharers;
  most = std::min({most, static_cast<std::size_t>(by_time),
                   chunk_growth * std::max<std::size_t>(job.largest, 1), share});
  if (job.traits.element_bytes != 0)
    most = std::min(most, config_.chunk_bytes / job.traits.element_bytes);
  return std::max<std::size_t>(most, 1);
}

// A worker that has more than it runs. Where others wait, one whose element runs for long, or whose
// queue is less urgent than they; else one that has enough to pay for a revocation, while another
// worker is idle.
bool Placement::is_worth_a_look(WorkerId id, Time now) const {
  const Assignments::Worker& worker = assignments_.at(id);
  const Population::Member& member = population_.at(id);
  if (!member.is(State::ready) || worker.held.elements() <= 1 || worker.revoking || member.borrowed)
    return false;
  if (pending_.in_line() != 0) return is_stuck(id, now) || is_overtaken(id);
  const Nanoseconds quiet = now - worker.observed.last_activity;
  return worker.held.expected() >= worth_taking || quiet >= config_.quiet;
}

bool Placement::look_before_balance(Time now) {
  const std::size_t count = assignments_.size();
  if (pending_.in_line() == 0 && (count < 2 || !assignments_.has_free_worker())) return false;
  bool any = false;
  for (WorkerId id = 0; id < count; ++id) {
    if (!is_worth_a_look(id, now)) continue;
    if (!has_begun(id)) revocations_.look(id);
    any = true;
  }
  return any;
}

bool Placement::has_begun(WorkerId id) const {
  const Assignments::Worker& worker = assignments_.at(id);
  const std::uint64_t head = worker.held.front().sequence;
  return worker.answered > head || worker.observed.looked > head;
}

// Shares out what the worker with the most expected work has not begun. Not of a worker that has
// begun nothing: slow workers would take the same elements from each other for ever; unless it has
// had its time to.
bool Placement::balance(Time now) {
  if (pending_.in_line() != 0) {
    free_queues(now);
    return false;
  }
  std::optional<WorkerId> victim;
  for (WorkerId id = 0; id < assignments_.size(); ++id) {
    if (!is_worth_a_look(id, now) || revocations_.keeps_its_head(id)) continue;
    const Assignments::Worker& worker = assignments_.at(id);
    if (!has_begun(id) && now - worker.observed.last_activity < config_.begin_grace) continue;
    if (!victim || worker.held.expected() > assignments_.at(*victim).held.expected()) victim = id;
  }
  if (victim) revocations_.take_back(*victim);
  return victim.has_value();
}

// Another worker may have time sooner.
bool Placement::is_stuck(WorkerId id, Time now) const {
  return assignments_.size() > 1 &&
         now - assignments_.at(id).observed.last_activity >= config_.stuck;
}

// What waits is more urgent than the last that the worker holds.
bool Placement::is_overtaken(WorkerId id) const {
  const std::optional<int> highest = pending_.highest_priority();
  return highest && jobs_.at(assignments_.at(id).held.back().job).traits.priority < *highest;
}

// As many workers as its elements need; those that are giving up their queues already count.
std::size_t Placement::urgent_without_worker() const {
  const std::size_t wanted = pending_.most_urgent();
  std::size_t coming = 0;
  for (WorkerId id = 0; id < assignments_.size(); ++id) coming += assignments_.at(id).revoking;
  return wanted - std::min(wanted, coming);
}

// Others wait, and no worker is idle: what stands behind an element that runs for long waits with
// them, for whichever worker is the first to have time. The same where more urgent ones wait.
void Placement::free_queues(Time now) {
  std::size_t urgent = urgent_without_worker();
  for (WorkerId id = 0; id < assignments_.size(); ++id) {
    if (!is_worth_a_look(id, now) || !has_begun(id) || revocations_.keeps_its_head(id)) continue;
    if (!is_stuck(id, now)) {
      if (urgent == 0) continue;
      --urgent;
    }
    revocations_.take_back(id);
  }
}

}  // namespace brood::pool

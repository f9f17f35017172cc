#include "pool/scheduler/placement.hpp"

#include <algorithm>
#include <limits>

namespace brood::pool {

namespace {
constexpr std::uint64_t worth_taking = 200'000;  // ns of work for which a revocation pays
// A chunk is at most so many times the largest that has come back.
constexpr std::size_t chunk_growth = 4;
constexpr std::size_t large_chunk = std::size_t{64} << 20;  // bytes of arguments
constexpr double cheapest = 5;                              // ns; no element costs less
}  // namespace

void Placement::assign(Time now) {
  while (const std::optional<JobId> id = pending_.front()) {
    const JobRecord& job = jobs_.at(*id);
    const std::optional<WorkerId> worker = worker_for(job, now);
    if (!worker) return;
    const Assignment sent = send(*worker, *id, job, chunk_size(*worker, job), now);
    actions_.add({.kind = Action::Kind::send, .worker = *worker, .job = *id, .assignment = sent});
  }
}

Assignment Placement::send(WorkerId id, JobId job_id, const JobRecord& job, std::size_t count,
                           Time now) {
  const auto cost = static_cast<std::uint64_t>(job.cost->mean);
  const PendingElements::Taken taken = pending_.take(job_id, count, id);
  const std::uint64_t sequence = assignments_.give(id,
                                                   {.job = job_id,
                                                    .first = taken.first,
                                                    .count = count,
                                                    .sequence = 0,
                                                    .cost = cost,
                                                    .bytes = job.traits.element_bytes,
                                                    .priority = job.traits.priority,
                                                    .has_key = job.traits.key.has_value()},
                                                   now);
  if (job.traits.key) settle(*job.traits.key, id);
  return {id, job_id, taken.first, count, sequence, taken.attempt, taken.define};
}

// A key that is used stays known.
void Placement::settle(std::uint64_t key, WorkerId id) {
  const std::optional<WorkerId> home = affinity_.home_of(key);
  if (!home || affinity_.is_fading(key)) affinity_.settle(key, home.value_or(id));
}

std::optional<Assignment> Placement::borrow(JobId id, Time now) {
  const JobRecord* const job = jobs_.find(id);
  if (job == nullptr || pending_.in_line() != 1 || job->pending_count != 1) return std::nullopt;
  std::optional<WorkerId> worker = index_.sets().may_be_borrowed.first();
  if (!worker) return std::nullopt;
  if (job->traits.key) {
    const std::optional<WorkerId> home = affinity_.home_of(*job->traits.key);
    const WorkerId wanted = home.value_or(affinity_.first_choice(*job->traits.key));
    if (index_.sets().may_be_borrowed.contains(wanted)) {
      worker = wanted;
    } else if (home) {
      return std::nullopt;
    }
  }
  const Assignment sent = send(*worker, id, *job, 1, now);
  pending_.front();  // the job leaves the line
  return sent;
}

// What is more urgent does not wait behind other elements, and nothing waits behind it: a worker
// that has nothing more to do reports at once.
bool Placement::has_room(const Assignments::Worker& worker, int priority, Time now) const {
  return worker.held.back().priority == priority &&
         now - worker.observed.last_activity < config_.quiet &&
         worker.held.bytes() < config_.queue_bytes && worker.held.chunks() < config_.queue_elements;
}

std::optional<WorkerId> Placement::worker_for(const JobRecord& job, Time now) const {
  if (job.traits.key) {
    if (const auto home = at_home(*job.traits.key, job, now)) return home;
  }
  return hungriest(job, now);
}

// The worker that has had the key's elements, unless others wait there for too long; of a new key
// the one that it would best have, if that is free.
std::optional<WorkerId> Placement::at_home(std::uint64_t key, const JobRecord& job,
                                           Time now) const {
  const std::optional<WorkerId> home = affinity_.home_of(key);
  const WorkerId worker = home.value_or(affinity_.first_choice(key));
  if (assignments_.is_free(worker)) return worker;
  if (!home || !assignments_.takes_work(*home)) return std::nullopt;
  const Assignments::Worker& held_by = assignments_.at(*home);
  const bool behind = is_far_behind(held_by, held_by.held.expected(), job.cost->mean, now) ||
                      held_by.held.back().priority != job.traits.priority ||
                      held_by.held.bytes() >= config_.queue_bytes ||
                      held_by.held.chunks() >= config_.queue_elements;
  return behind ? std::nullopt : home;
}

// More stands before an element there, in ns, than it takes itself, or what runs takes longer than
// that.
bool Placement::is_far_behind(const Assignments::Worker& worker, std::uint64_t before, double cost,
                              Time now) const {
  const auto most = std::max(static_cast<double>(config_.depth.count()), cost);
  return static_cast<double>(before) > most ||
         static_cast<double>((now - worker.observed.last_activity).count()) > most;
}

std::optional<WorkerId> Placement::hungriest(const JobRecord& job, Time now) const {
  const WorkerSets& sets = index_.sets();
  if (const std::optional<WorkerId> free = sets.free.first()) return free;
  if (job.cost->samples == 0) return std::nullopt;
  const auto little = static_cast<std::uint64_t>(config_.depth.count() / 2);
  return sets.by_work.first_below(
      little, [&](WorkerId id) { return has_room(assignments_.at(id), job.traits.priority, now); });
}

std::size_t Placement::chunk_size(WorkerId id, const JobRecord& job) const {
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

// What has a key waits for its worker as long as it would be sent to it.
bool Placement::stays_at_home(const Assignments::Worker& worker, Time now) const {
  const Chunk& last = worker.held.back();
  const std::uint64_t before = worker.held.expected() - last.count * last.cost;
  return last.has_key && !is_far_behind(worker, before, static_cast<double>(last.cost), now);
}

// Of the workers that have more than they run: where others wait, those whose element runs for
// long, or whose queue is less urgent than they; else those that have enough to pay for a
// revocation, while another worker is idle.
std::vector<WorkerId> Placement::worth_a_look(Time now) const {
  if (pending_.in_line() != 0) return stuck_or_overtaken(now);
  std::vector<WorkerId> worth = index_.sets().by_activity.all();
  std::erase_if(worth, [&](WorkerId id) {
    const Assignments::Worker& worker = assignments_.at(id);
    if (stays_at_home(worker, now)) return true;
    return worker.held.expected() < worth_taking &&
           now - worker.observed.last_activity < config_.quiet;
  });
  return worth;
}

// Overtaken: what waits is more urgent than the last that the worker holds.
std::vector<WorkerId> Placement::stuck_or_overtaken(Time now) const {
  const WorkerSets& sets = index_.sets();
  const std::optional<int> highest = pending_.highest_priority();
  std::vector<WorkerId> found, overtaken;
  if (assignments_.size() > 1) found = sets.by_activity.up_to(now - config_.stuck);
  std::erase_if(found, [&](WorkerId id) { return stays_at_home(assignments_.at(id), now); });
  if (highest && *highest != std::numeric_limits<int>::min())
    overtaken = sets.by_priority.up_to(*highest - 1);
  const auto middle = found.insert(found.end(), overtaken.begin(), overtaken.end());
  std::inplace_merge(found.begin(), middle, found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

bool Placement::look_before_balance(Time now) {
  if (pending_.in_line() == 0 && (assignments_.size() < 2 || index_.sets().free.empty()))
    return false;
  const std::vector<WorkerId> worth = worth_a_look(now);
  for (const WorkerId id : worth) {
    if (!has_begun(id)) revocations_.look(id);
  }
  return !worth.empty();
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
  for (const WorkerId id : worth_a_look(now)) {
    if (revocations_.keeps_its_head(id)) continue;
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

// As many workers as its elements need; those that are giving up their queues already count, unless
// what they run takes long.
std::size_t Placement::urgent_without_worker(Time now) const {
  const std::size_t wanted = pending_.most_urgent();
  std::size_t coming = 0;
  for (const WorkerId id : index_.sets().revoking) {
    coming += assignments_.at(id).revoking && !is_stuck(id, now);
  }
  return wanted - std::min(wanted, coming);
}

// Others wait, and no worker is idle: what stands behind an element that runs for long waits with
// them, for whichever worker is the first to have time. The same where more urgent ones wait.
void Placement::free_queues(Time now) {
  std::size_t urgent = urgent_without_worker(now);
  for (const WorkerId id : worth_a_look(now)) {
    if (!has_begun(id) || revocations_.keeps_its_head(id)) continue;
    if (!is_stuck(id, now)) {
      if (urgent == 0) continue;
      --urgent;
    }
    revocations_.take_back(id);
  }
}

}  // namespace brood::pool

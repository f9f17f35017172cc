#include "pool/scheduler/clock.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

namespace {
constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr int allowances = 4;  // of several workers together
}  // namespace

void OwnerClock::skip(Observed& observed, Time now, Nanoseconds stopped) {
  for (Time* const time : {&observed.last_activity, &observed.since, &observed.looked_at,
                           &observed.checked_at, &observed.silent_since, &observed.owes_since}) {
    if (*time != Time{}) *time = std::min(now, *time + stopped);
  }
}

// The claim is taken for what it was before where it goes back, and its time for no later than when
// it was first seen: a clock that the worker moves on moves nothing here.
std::uint64_t OwnerClock::see(Observed& observed, const Held& held, std::uint64_t sent,
                              const Running& seen, Time now) const {
  const std::uint64_t next = held.front().sequence;
  const std::uint64_t begun = std::clamp(std::max(seen.claimed, observed.looked), next, sent);
  if (begun != observed.looked || observed.looked_at == Time{}) observed.looked_at = now;
  observed.looked = begun;
  if (begun != next) observed.since = std::min(stops_.without(seen.since), observed.looked_at);
  return begun;
}

// A worker begins an element when it has ended the one before. What that one became is in the page
// or on its way by then: of a fold, when its chunk has ended.
bool OwnerClock::owes(const Observed& observed, const Held& held) const {
  const Chunk& front = held.front();
  const JobRecord* const job = jobs_.find(front.job);
  const bool folded = job != nullptr && job->traits.folded;
  return observed.looked > front.sequence + (folded ? front.count : 1);
}

bool OwnerClock::owes_outcomes(Observed& observed, const Held& held, Time now) const {
  if (!owes(observed, held)) {
    observed.owes_since = Time{};
    return false;
  }
  const Chunk& front = held.front();
  if (observed.owes_since == Time{} || observed.owes != front.sequence) {
    observed.owes = front.sequence;
    observed.owes_since = now;
  }
  return now - observed.owes_since >= config_.answer;
}

bool OwnerClock::is_unbegun_for_too_long(const Observed& observed, const Held& held,
                                         Time now) const {
  const JobRecord* const job = jobs_.find(held.front().job);
  return job != nullptr && job->traits.timeout && now >= latest_beginning(observed, held, *job);
}

// It did not begin before the worker was last heard of.
bool OwnerClock::is_late(const Observed& observed, const Held& held, std::uint64_t sequence,
                         Time now) const {
  const Chunk* const chunk = held.find(sequence);
  const JobRecord* const job = chunk == nullptr ? nullptr : jobs_.find(chunk->job);
  if (job == nullptr || !job->traits.timeout) return false;
  return now - std::max(observed.last_activity, observed.since) >= *job->traits.timeout ||
         sum_is_over(observed, held, sequence, now);
}

// Of a fold nothing is reported before its end: its elements together may take what each may.
bool OwnerClock::sum_is_over(const Observed& observed, const Held& held, std::uint64_t sequence,
                             Time now) const {
  const Chunk& front = held.front();
  const JobRecord& job = jobs_.at(front.job);
  if (!job.traits.folded || !job.traits.timeout) return false;
  const auto begun = static_cast<Nanoseconds::rep>(sequence + 1 - front.sequence);
  const Nanoseconds more = grace(held, job, turn_of(job, front));
  return (now - observed.last_activity - more) / begun >= *job.traits.timeout;
}

Nanoseconds OwnerClock::grace(const Held& held, const JobRecord& job, Turn turn) const {
  const std::size_t bytes = held.bytes() + job.traits.definition_bytes;
  return config_.begin_grace * (turn == Turn::last ? config_.last_grace : 1) +
         config_.per_mebibyte * static_cast<Nanoseconds::rep>(bytes / mebibyte);
}

// An owner that was stopped itself has not looked meanwhile.
Time OwnerClock::latest_beginning(const Observed& observed, const Held& held,
                                  const JobRecord& job) const {
  const Time late = plus(observed.last_activity, *job.traits.timeout);
  const Nanoseconds more = grace(held, job, turn_of(job, held.front()));
  return plus(std::max(late, observed.looked_at), more);
}

// A head that has not begun may begin at any time: it is seen before its own time is over.
Time OwnerClock::next_look(const Observed& observed, const Held& held) const {
  const Chunk& front = held.front();
  const JobRecord& job = jobs_.at(front.job);
  if (!job.traits.timeout) return Time::max();
  const Time late = plus(std::max(observed.last_activity, observed.since), *job.traits.timeout);
  const bool begun = observed.looked > front.sequence;
  if (begun || observed.checked_at < late) return late;
  return std::min(plus(observed.checked_at, *job.traits.timeout),
                  latest_beginning(observed, held, job));
}

bool OwnerClock::is_passed_on(const Held& held) const {
  const JobRecord& job = jobs_.at(held.front().job);
  return job.traits.timeout && job.is_passed_on(held.front().first);
}

bool OwnerClock::pass_on(const Chunk& front) const {
  Unbegun* const unbegun = jobs_.unbegun(front.job, front.first);
  return unbegun != nullptr && std::exchange(unbegun->passed_on, true);
}

// An owner that was stopped itself has not looked meanwhile: so no wait counts for more than what
// the first worker may take that has an element next.
Wait OwnerClock::wait_for_head(const Observed& observed, const Held& held) const {
  const Chunk& front = held.front();
  Wait wait{front.job, front.first, front.sequence, {}, {}, false};
  const JobRecord* const job = jobs_.find(front.job);
  if (job == nullptr || !job->traits.timeout) return wait;
  wait.timed = true;
  wait.most = plus(plus(Time{}, *job->traits.timeout), grace(held, *job, Turn::may_pass_on))
                  .time_since_epoch();
  wait.time =
      std::clamp<Nanoseconds>(latest_ - observed.last_activity, Nanoseconds::zero(), wait.most);
  return wait;
}

Unbegun* OwnerClock::note(const Wait& wait) const {
  Unbegun* const unbegun = jobs_.unbegun(wait.job, wait.index);
  if (unbegun == nullptr || !wait.timed) return unbegun;
  unbegun->time += wait.time;
  unbegun->passed_on |= unbegun->time >= wait.most;
  return unbegun;
}

bool OwnerClock::is_over(const Unbegun& unbegun, const Wait& wait) {
  return wait.timed && unbegun.time / allowances >= wait.most;
}

}  // namespace brood::pool

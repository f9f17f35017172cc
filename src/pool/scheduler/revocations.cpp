#include "pool/scheduler/revocations.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace brood::pool {

using State = Population::State;

bool Revocations::keeps_its_head(WorkerId id) const {
  const Assignments::Worker& worker = assignments_.at(id);
  return !worker.held.empty() && clock_.is_passed_on(worker.held) &&
         worker.answered <= worker.held.front().sequence;
}

// One question at a time: what `revoke` shows is what `look` would have shown.
void Revocations::ask(WorkerId id, Asked what, std::uint64_t fence) {
  Assignments::Worker& worker = assignments_.edit(id);
  if (worker.asked >= what) return;
  if (worker.asked == Asked::nothing) {
    ++questions_;
  } else {
    actions_.withdraw(id);
  }
  worker.asked = what;
  const bool looks = what == Asked::look;
  actions_.ask(looks ? Action::Kind::look : Action::Kind::revoke, id, fence);
}

void Revocations::take_back(WorkerId id) {
  Assignments::Worker& worker = assignments_.edit(id);
  if (worker.held.empty() || !population_.at(id).is(State::ready)) return;
  if (!clock_.is_passed_on(worker.held)) return revoke(id, 0);
  worker.revoke_after_look = true;
  look(id);
}

void Revocations::take_back_from_all(JobId job) {
  for (const WorkerId id : index_.sets().occupied) {
    if (assignments_.at(id).held.has_any_of(job)) take_back(id);
  }
}

void Revocations::take_back_failed() {
  while (const std::optional<JobId> job = jobs_.next_failed()) take_back_from_all(*job);
}

void Revocations::revoke(WorkerId id, std::uint64_t keep) {
  Assignments::Worker& worker = assignments_.edit(id);
  const Population::Member& member = population_.at(id);
  if (worker.revoking || member.borrowed || worker.held.empty() || !member.is(State::ready)) return;
  worker.revoking = true;
  worker.fence = worker.sequence;
  worker.keep = keep;
  ask(id, Asked::revoke, worker.fence);
}

void Revocations::answer(WorkerId id, const Begun& answer) {
  Assignments::Worker& worker = assignments_.edit(id);
  const Asked asked = std::exchange(worker.asked, Asked::nothing);
  if (asked == Asked::nothing) return;
  --questions_;
  const std::uint64_t begun = answer.count;
  worker.answered = begun;
  worker.stoppable = answer.stoppable;
  if (worker.at_stop && begun <= worker.at_stop->sequence) clock_.note(*worker.at_stop);
  worker.at_stop.reset();
  const bool revokes = std::exchange(worker.revoke_after_look, false);
  if (asked == Asked::revoke) return take_unbegun(id, begun);
  if (revokes && !keeps_its_head(id)) revoke(id, 0);
}

void Revocations::take_unbegun(WorkerId id, std::uint64_t begun) {
  Assignments::Worker& worker = assignments_.edit(id);
  Held& held = worker.held;
  worker.begun = begun;
  const std::uint64_t kept = std::max(begun, worker.keep);
  if (!held.empty() && kept <= held.front().sequence)
    clock_.note(clock_.wait_for_head(worker.observed, held));
  actions_.add({.kind = Action::Kind::wake, .worker = id});
  while (!held.empty() && held.back().sequence + held.back().count > kept) {
    const Chunk taken = held.take_back(kept);
    population_.note_taken_back(id, taken.count);
    jobs_.requeue(taken.job, taken.first, taken.count);
  }
}

bool Revocations::acknowledged(WorkerId id, std::uint64_t fence) {
  Assignments::Worker& worker = assignments_.edit(id);
  if (!worker.revoking || worker.asked == Asked::revoke || fence != worker.fence) return false;
  if (!worker.held.empty() && worker.held.front().sequence < worker.begun) return false;
  worker.revoking = false;
  return true;
}

bool Revocations::withdraw(WorkerId id) {
  if (std::exchange(assignments_.edit(id).asked, Asked::nothing) == Asked::nothing) return false;
  --questions_;
  actions_.withdraw(id);
  return true;
}

}  // namespace brood::pool

#include "pool/scheduler/turnover.hpp"

namespace brood::pool {

using State = Population::State;

void Turnover::retire(WorkerId id) {
  population_.retire(id);
  revocations_.take_back(id);
}

// Whether it may be about to begin what it has got.
bool Turnover::may_begin(WorkerId id, Time now) const {
  const Assignments::Worker& worker = assignments_.at(id);
  return !worker.held.empty() && (now - worker.observed.last_activity < config_.begin_grace ||
                                  jobs_.at(worker.held.front().job).traits.timeout);
}

void Turnover::look_at_the_old(Time now) {
  for (WorkerId id = 0; id < population_.size(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::ready) || member.retired || !population_.is_old(id, now)) continue;
    if (may_begin(id, now)) revocations_.look(id);
  }
}

// Not while something waits that such a worker may be about to get, or while it may be about to
// begin what it has got: one whose start takes longer than it may live would never run anything.
void Turnover::retire_the_old_and_idle(Time now) {
  const bool backlog = pending_.in_line() != 0;
  for (WorkerId id = 0; id < population_.size(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::ready) || member.retired) continue;
    const Assignments::Worker& worker = assignments_.at(id);
    const bool begins = may_begin(id, now) && worker.answered <= worker.held.front().sequence;
    if (population_.is_old(id, now) && !begins && (member.given != 0 || !backlog)) retire(id);
    if (config_.idle_timeout.count() == 0 ||
        now - worker.observed.last_activity < config_.idle_timeout)
      continue;
    if (member.borrowed) {
      assignments_.at(id).observed.last_activity = now;  // it is in use
    } else if (worker.held.empty() && !backlog && growth_.may_shrink()) {
      retire(id);
    }
  }
}

void Turnover::let_leave(Time now) {
  const bool ends = growth_.closing() && jobs_.empty();
  for (WorkerId id = 0; id < population_.size(); ++id) {
    const Population::Member& member = population_.at(id);
    if (!member.is(State::ready) || member.borrowed || !assignments_.at(id).held.empty()) continue;
    if (ends || population_.used_up(id)) population_.leave(id, now);
  }
}

Time Turnover::idle_until(WorkerId id) const {
  const Population::Member& member = population_.at(id);
  const Assignments::Worker& worker = assignments_.at(id);
  const bool unused = worker.held.empty() || member.borrowed;
  const bool may_retire = member.is(State::ready) && !member.retired;
  return unused && may_retire ? plus(worker.observed.last_activity, config_.idle_timeout)
                              : Time::max();
}

}  // namespace brood::pool

#include "pool/scheduler.hpp"

#include <algorithm>
#include <utility>

namespace brood::pool {

Scheduler::Scheduler(const SchedulerConfig& config) : config_(config), workers_(config.workers) {}

std::optional<Action> Scheduler::next() {
  if (next_action_ == actions_.size()) {
    actions_.clear();  // keeps its memory
    next_action_ = 0;
    return std::nullopt;
  }
  return actions_[next_action_++];
}

void Scheduler::close() { closing_ = true; }

void Scheduler::terminate(Time now) {
  closing_ = terminated_ = true;
  fail_all_jobs(Verdict::cancelled);
  for (WorkerId id = 0; id < workers_.size(); ++id) stop(id, now);
}

bool Scheduler::all_gone() const noexcept {
  return std::all_of(workers_.begin(), workers_.end(),
                     [](const Worker& w) { return w.state == State::vacant; });
}

WorkerView Scheduler::view(WorkerId id) const {
  const Worker& worker = workers_[id];
  switch (worker.state) {
    case State::vacant:
      return {"gone", worker.done};
    case State::starting:
      return {"starting", worker.done};
    case State::ready:
      return {worker.queue.empty() ? "idle" : "busy", worker.done};
    case State::leaving:
    case State::stopping:
      break;
  }
  return {"leaving", worker.done};
}

std::optional<Assignment> Scheduler::lend(JobId job_id, Time now) {
  Job* const job = find(job_id);
  if (job == nullptr || runnable_.size() != 1 || job->pending_count != 1) return std::nullopt;
  for (WorkerId id = 0; id < workers_.size(); ++id) {
    Worker& worker = workers_[id];
    if (!worker.lendable || !usable(worker) || !worker.queue.empty()) continue;
    send(id, job_id, *job, 1, now);
    worker.lent = true;
    const Assignment assignment = actions_.back().assignment;
    actions_.pop_back();
    runnable_.pop_front();
    job->runnable = false;
    return assignment;
  }
  return std::nullopt;
}

}  // namespace brood::pool

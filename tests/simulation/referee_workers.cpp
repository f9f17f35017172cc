#include <algorithm>

#include "process.hpp"
#include "referee.hpp"

// Workers, as the owner treats them.
namespace brood::simulation {

void Referee::starting(WorkerId worker) {
  Slot& slot = slots_[worker];
  require(slot.process == nullptr && !slot.starting, "two processes in one slot");
  require(!terminated_, "a worker is started after terminate");
  require(population() < least_workers() || anything_waits(), "a worker is started for nothing");
  slot.starting = true;
}

void Referee::started(const Process& process) {
  slots_[process.slot] = {&process, false};
  records_[&process].started_at = environment_.now;
}

std::size_t Referee::least_workers() const {
  const pool::SchedulerConfig& config = environment_.parameters.config;
  return config.min_workers.value_or(config.workers);
}

// Those that are there or come, and do not leave.
std::size_t Referee::population() const {
  const auto stays = [this](const auto& slot) {
    if (slot.second.process == nullptr) return slot.second.starting;
    const Record& member = records_.at(slot.second.process);
    return !member.leaving && !member.stopped;
  };
  return static_cast<std::size_t>(std::count_if(slots_.begin(), slots_.end(), stays));
}

bool Referee::anything_waits() const {
  const auto waits = [](const Element& e) { return !e.settled && e.holder == nullptr; };
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    const Job& its_job = entry.second;
    return !its_job.finished &&
           std::any_of(its_job.elements.begin(), its_job.elements.end(), waits);
  });
}

void Referee::start_failed(WorkerId worker) {
  slots_[worker].starting = false;
  start_has_failed_ = true;
  ++environment_.census.failed_starts;
}

void Referee::ready(const Process& process) {
  Record& newcomer = record(process);
  newcomer.ready = !newcomer.stopped;
  newcomer.heard_at = environment_.now;
}

void Referee::sent(const pool::Assignment& assignment) {
  environment_.say("send %llx[%zu, %zu) to worker %u at %llu",
                   static_cast<unsigned long long>(assignment.job), assignment.first,
                   assignment.first + assignment.count, assignment.worker,
                   static_cast<unsigned long long>(assignment.sequence));
  Record& target = record_of(assignment.worker);
  Job& its_job = job(assignment.job);
  if (target.fence && assignment.sequence < *target.fence) {
    // It was decided before the revocation, and is written behind it: the worker drops it.
    require(assignment.sequence == target.sequence, "a gap in a worker's sequence");
    target.sequence += assignment.count;
    if (assignment.define) target.knows.push_back(assignment.job);
    return;
  }
  require(target.held.empty() ||
              plan(target.held.back().job).traits.priority == its_job.plan.traits.priority,
          "elements of two priorities wait for each other in a worker");
  check_assignment(target, its_job, assignment);
  if (assignment.define) target.knows.push_back(assignment.job);
  target.given += assignment.count;
  target.chunks.push_back(assignment.sequence);
  for (std::size_t i = 0; i < assignment.count; ++i) {
    hold(*slots_[assignment.worker].process, target,
         {assignment.sequence + i, assignment.job, assignment.first + i});
  }
  target.sequence = assignment.sequence + assignment.count;
}

void Referee::check_assignment(const Record& target, const Job& its_job,
                               const pool::Assignment& assignment) const {
  const pool::SchedulerConfig& config = environment_.parameters.config;
  const pool::JobTraits& traits = its_job.plan.traits;
  require(target.ready && !target.leaving && !target.stopped,
          "elements for a worker that is not ready");
  require(!target.retired, "elements for a worker that is exhausted");
  require(!target.hung_up, "elements for a worker that has hung up");
  require(!target.fence, "elements for a worker with a revocation on its way");
  require(!its_job.finished, "elements of a finished job are sent");
  require(assignment.count != 0, "an assignment of nothing");
  require(assignment.sequence == target.sequence, "a gap in a worker's sequence");
  require(traits.chunk == 0 || assignment.count <= traits.chunk, "a chunk larger than asked for");
  require(config.max_tasks == 0 || target.given + assignment.count <= config.max_tasks,
          "more elements than a worker may run");
  require(target.chunks.size() < config.queue_elements || target.held.empty(), "an endless queue");
  const bool known = std::count(target.knows.begin(), target.knows.end(), assignment.job) != 0;
  require(traits.self_contained ? !assignment.define : assignment.define != known,
          "a job is defined twice in a worker, or never");
}

void Referee::hold(const Process& process, Record& target, const Held& held) {
  Element& given = element(held.job, held.index);
  require(!given.settled, "an element is sent that has an outcome");
  require(given.holder == nullptr, "an element is sent to two workers");
  given.holder = &process;
  ++job(held.job).held;
  target.held.push_back(held);
}

void Referee::release(const Held& held) {
  element(held.job, held.index).holder = nullptr;
  --job(held.job).held;
}

void Referee::revoked(const Process& process, std::uint64_t claimed, std::uint64_t fence) {
  environment_.say("revoke worker %u: %llu begun, fence %llu", process.slot,
                   static_cast<unsigned long long>(claimed),
                   static_cast<unsigned long long>(fence));
  Record& target = record(process);
  require(!target.fence, "a second revocation before the first is acknowledged");
  require(fence >= target.sequence, "a fence that is not the end of the sequence");
  target.fence = fence;
  target.fenced_at = environment_.now;
  target.woken = false;
  while (!target.held.empty() && target.held.back().sequence >= claimed) {
    release(target.held.back());
    target.held.pop_back();
    ++environment_.census.revoked;
    --target.given;
  }
  while (!target.chunks.empty() && target.chunks.back() >= claimed) target.chunks.pop_back();
  if (target.held.empty()) target.chunks.clear();
}

bool Referee::has_only_a_revocation(const Process& process) const {
  const auto found = records_.find(&process);
  return found != records_.end() && found->second.ready && found->second.fence &&
         found->second.held.empty();
}

void Referee::acknowledged(const Process& process, std::uint64_t fence) {
  Record& target = record(process);
  require(target.fence == fence, "an acknowledgement that nothing waits for");
  target.fence.reset();
}

void Referee::told_by(const Process& process, const pool::Outcomes& outcomes,
                      pool::Reception answer) {
  using Reception = pool::Reception;
  Record& teller = record(process);
  teller.heard_at = environment_.now;
  Job& its_job = job(outcomes.job);
  const bool wanted = answer == Reception::wanted, again = answer == Reception::again;
  const bool ends_early = teller.asked_to_stop && !teller.held.empty() &&
                          *teller.asked_to_stop - teller.held.front().sequence < outcomes.count;
  require((answer == Reception::unwanted) == (its_job.ending || ends_early),
          "an outcome of a finished job is wanted, or another is not");
  for (std::size_t i = 0; i < outcomes.count; ++i) {
    require(!teller.held.empty(), "an outcome of an element that the worker does not hold");
    const Held held = teller.held.front();
    require(held.job == outcomes.job && held.index == outcomes.first + i,
            "outcomes out of sequence");
    teller.held.pop_front();
    release(held);
    while (teller.chunks.size() > 1 && teller.chunks[1] <= held.sequence + 1)
      teller.chunks.pop_front();
    if (teller.held.empty()) teller.chunks.clear();
    Element& told = element(held.job, held.index);
    require(told.executions != 0 && told.computed, "an outcome of an element that has not run");
    require(its_job.plan.folded || told.failed == outcomes.failed,
            "an error becomes a value, or a value an error");
    require(!told.listens || outcomes.count == 1 || its_job.plan.folded,
            "what may stop by itself is told with others");
    if (ends_early) {
      if (its_job.ending || told.cancelled) continue;
      require(teller.asked_late, "an element is asked to stop that has time left");
      ++environment_.census.stopped_in_time;
      ++told.doubtful;
      continue;
    }
    if (wanted && !told.cancelled) settle(its_job, told);
    const bool has_attempts = told.failed && told.retryable && !told.cancelled && !told.last &&
                              !its_job.last && told.thrown < its_job.plan.traits.retries.exceptions;
    require(again == (has_attempts && !its_job.ending),
            "an element is tried again in vain, or not although it should be");
    if (!again) continue;
    ++told.thrown;
    ++environment_.census.thrown;
    delay(its_job, told);
  }
  environment_.census.errors += outcomes.failed;
  its_job.has_error |= wanted && outcomes.failed;
  its_job.ending |= its_job.has_error && its_job.plan.traits.fail_fast;
}

void Referee::broken(const Process& process) {
  Record& target = record(process);
  require(target.spoilt, "a sound stream is said to be broken");
  ++environment_.census.broken_streams;
  if (!target.stopped) target.broken = true;
}

void Referee::retired(const Process& process) {
  Record& target = record(process);
  require(target.exhausted && !target.retired, "a worker is retired without a reason");
  target.retired = true;
}

// What it has not told by then is lost where it is stopped for that, or has lost its main thread.
void Referee::asked_to_stop(WorkerId worker, std::uint64_t sequence) {
  environment_.say("worker %u is to stop %llu", worker, static_cast<unsigned long long>(sequence));
  ++environment_.census.asked_to_stop;
  Record& target = record_of(worker);
  require(!target.held.empty() && target.held.back().sequence == sequence,
          "an element is asked to stop that the worker does not end with");
  const Held& held = target.held.back();
  const pool::JobTraits& traits = job(held.job).plan.traits;
  const bool runs =
      target.current && target.current->job == held.job && target.current->index == held.index;
  target.asked_to_stop = sequence;
  target.asked_at = environment_.now;
  target.asked_late =
      traits.timeout && (!runs || environment_.now - target.current->since >= *traits.timeout);
}

void Referee::stopping(WorkerId worker, pool::StopReason why) {
  const bool owes = why == pool::StopReason::unreported;
  const bool without_main_thread = why == pool::StopReason::main_thread_ended;
  environment_.say("stop worker %u", worker);
  ++environment_.census.stops;
  Record& target = record_of(worker);
  if (target.stopped) return;
  require(!target.asked_to_stop || target.held.empty() ||
              target.held.back().sequence != *target.asked_to_stop ||
              environment_.now - target.asked_at < environment_.parameters.config.stop_grace ||
              slots_[worker].process->is_asked_to_stop,
          "an element does not know that it is to stop");
  // One that has not seen a revocation in time is not idle.
  const bool silent =
      target.fence && environment_.now - target.fenced_at >= environment_.parameters.config.answer;
  require(terminated_ || target.spoilt || !target.ready || target.leaving || silent ||
              target.without_main_thread || !target.held.empty(),
          "an idle worker is stopped");
  require(!silent || target.woken, "a worker is stopped for what it was not told");
  require(!without_main_thread || target.without_main_thread,
          "a worker is stopped that has its main thread");
  require(!owes || environment_.now - target.heard_at >= environment_.parameters.config.answer,
          "a worker is stopped for what it has had no time to tell");
  target.owes = owes || without_main_thread;
  target.broken |= target.owes;
  target.stopped = true;
  target.stopped_at = environment_.now;
  target.at_stop = target.current;
}

void Referee::leaving(WorkerId worker) {
  environment_.say("worker %u may leave", worker);
  Record& target = record_of(worker);
  require(target.ready && !target.leaving && !target.stopped, "a worker leaves that is not ready");
  require(target.held.empty(), "a worker leaves that holds elements");
  require(may_leave(target), "a worker leaves without a reason");
  target.leaving = true;
}

bool Referee::may_leave(const Record& leaver) {
  const pool::SchedulerConfig& config = environment_.parameters.config;
  const auto over = [this](Nanoseconds limit, Time since) {
    return limit.count() != 0 && environment_.now - since >= limit;
  };
  if (leaver.retired || leaver.hung_up || (closed_ && live_ == 0) ||
      (config.max_tasks != 0 && leaver.given >= config.max_tasks))
    return true;
  if (over(config.max_age, leaver.started_at)) {
    ++environment_.census.aged;
    return true;
  }
  ++environment_.census.idled;
  return over(config.idle_timeout, leaver.heard_at) && population() > least_workers();
}

void Referee::forgets(WorkerId worker, JobId id) {
  Record& target = record_of(worker);
  require(std::erase(target.knows, id) == 1, "a worker forgets what it does not know");
  require(job(id).finished && job(id).held == 0, "a worker forgets a job that it needs");
}

// What it tells from now on may not be read.
void Referee::cannot_be_ended(const Process& process) {
  Record& target = record(process);
  target.endless = target.spoilt = true;
}

void Referee::woken(WorkerId worker) { record_of(worker).woken = true; }

void Referee::gone(const Process& process, std::uint64_t claimed) {
  environment_.say("worker %u is gone", process.slot);
  ++environment_.census.deaths;
  Record& dead = record(process);
  require(!process.alive() || dead.endless, "a living worker is reaped");
  if (!dead.spoilt && dead.current && !dead.current->telling) {
    require(!dead.held.empty() && claimed > dead.held.front().sequence,
            "the page does not tell what runs");
  }
  if (!dead.ready) start_has_failed_ = true;
  for (const Held& held : dead.held) {
    if (held.sequence < claimed) {
      judge(dead, held);
    } else if (&held == &dead.held.front() && waits_in_vain(dead, held)) {
      doubt(element(held.job, held.index));
    } else if (&held == &dead.held.front() && (!dead.stopped || dead.broken)) {
      note_passed(element(held.job, held.index));
    }
    release(held);
  }
  slots_[process.slot] = {};
  records_.erase(&process);
}

// An element that is next each time when a worker dies will be the reason.
void Referee::note_passed(Element& next) const {
  if (++next.passes < environment_.parameters.config.unbegun_deaths) return;
  ++next.charges;
}

// With a limit of time, which goes on from worker to worker.
bool Referee::waits_in_vain(const Record& dead, const Held& held) {
  return dead.without_main_thread && job(held.job).plan.traits.timeout;
}

void Referee::doubt(Element& given_up) {
  given_up.garbled = true;
  ++given_up.doubtful;
}

// Whose fault it is that the worker is dead before this element has an outcome.
void Referee::judge(Record& dead, const Held& held) {
  Element& begun = element(held.job, held.index);
  const JobPlan& its_plan = job(held.job).plan;
  const bool running =
      dead.current && dead.current->job == held.job && dead.current->index == held.index;
  begun.garbled |= dead.spoilt;
  if (dead.asked_to_stop == held.sequence) return static_cast<void>(++begun.doubtful);
  if (!dead.spoilt && !dead.owes && !dead.cut && !its_plan.folded)
    require(running || begun.executions == 0 || !begun.computed, "a computed result is lost");
  // What stops a worker without its main thread may come when a limit of time is over, too.
  if (waits_in_vain(dead, held)) return doubt(begun);
  if (!dead.stopped || dead.broken) {
    ++begun.charges;
    return;
  }
  const bool same = dead.at_stop && dead.at_stop->job == held.job &&
                    dead.at_stop->index == held.index && its_plan.traits.timeout;
  // Behind garbage it is not known what it has told. An element that has been folded may have been
  // late when the owner looked, and over when it acted.
  const bool known = !dead.spoilt && !its_plan.folded;
  const bool late = known
                        ? same && dead.stopped_at - dead.at_stop->since >= *its_plan.traits.timeout
                        : its_plan.traits.timeout.has_value();
  if (late || (dead.spoilt && !running)) {  // its result is lost behind the garbage
    ++begun.doubtful;
  } else {
    require(!known || begun.cancelled || job(held.job).finished,
            "an element is stopped for another's sake");
    ++begun.excuses;
    ++environment_.census.excused;
  }
}

}  // namespace brood::simulation

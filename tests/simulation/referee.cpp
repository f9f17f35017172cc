#include "referee.hpp"

#include <algorithm>

#include "process.hpp"

// Jobs, and what happens in the workers.
namespace brood::simulation {

Referee::Job& Referee::job(JobId id) {
  const auto found = jobs_.find(id);
  require(found != jobs_.end(), "a job that was not added");
  return found->second;
}

Referee::Element& Referee::element(JobId id, std::size_t index) {
  Job& its_job = job(id);
  require(index < its_job.elements.size(), "an element that the job does not have");
  return its_job.elements[index];
}

Referee::Record& Referee::record(const Process& process) {
  const auto found = records_.find(&process);
  require(found != records_.end(), "a process that does not exist");
  return found->second;
}

Referee::Record& Referee::record_of(WorkerId worker) {
  const Process* const process = slots_[worker].process;
  require(process != nullptr, "an action for a worker that does not exist");
  return record(*process);
}

const JobPlan& Referee::plan(JobId id) { return job(id).plan; }

void Referee::added(JobId id, const JobPlan& plan, std::size_t count, bool last) {
  require(!jobs_.contains(id), "two jobs with one number");
  Job& added = jobs_[id];
  added.plan = plan;
  added.elements.resize(count);
  added.sealed = last;
  ++live_;
}

void Referee::extended(JobId id, std::size_t count, bool last) {
  Job& extended = job(id);
  if (!extended.finished) {
    extended.elements.resize(extended.elements.size() + count);
  }
  extended.sealed = last;
}

void Referee::cancelled(JobId id, bool with_success) {
  Job& cancelled = job(id);
  require(!with_success || !cancelled.finished, "a finished job has been cancelled");
  environment_.census.cancelled += with_success;
  cancelled.cancelled |= with_success;
  cancelled.last |= !cancelled.finished;
}

void Referee::cancelled(JobId id, std::size_t index) {
  Element& cancelled = element(id, index);
  settle(job(id), cancelled);
  cancelled.cancelled = true;
  ++environment_.census.cancelled;
}

void Referee::begun(const Process& process, JobId id, std::size_t index, std::uint32_t attempt,
                    Time since) {
  Record& runner = record(process);
  Element& begun = element(id, index);
  require(begun.holder == &process, "an element runs in a worker that it was not sent to");
  const auto held = std::find_if(runner.held.begin(), runner.held.end(),
                                 [&](const Held& h) { return h.job == id && h.index == index; });
  require(held != runner.held.end(), "an element runs that has an outcome");
  require(!begun.settled, "an element runs again although it has an outcome");
  const std::uint32_t certain = begun.charges + begun.thrown;
  require(begun.executions <= certain + begun.doubtful + begun.excuses, "an element runs twice");
  require(begun.charges <= job(id).plan.traits.retries.crashes, "an element is retried too often");
  require(attempt > certain && attempt <= certain + begun.doubtful + 1,
          "the wrong number of attempts");
  require(environment_.now >= begun.not_before, "another attempt comes too soon");
  require(!runner.current || runner.current->telling, "two elements run in one worker");
  ++environment_.census.executions;
  environment_.census.retries += attempt > 1;
  ++begun.executions;
  begun.computed = begun.listens = false;
  runner.begun = held->sequence + 1;
  runner.current = Execution{id, index, since};
  environment_.say("worker %u runs %llx[%zu]", process.slot, static_cast<unsigned long long>(id),
                   index);
}

void Referee::listens(const Process& process) {
  const Execution& current = record(process).current.value();
  element(current.job, current.index).listens = true;
}

void Referee::telling(const Process& process, bool failed, bool retryable) {
  Execution& current = record(process).current.value();
  Element& told = element(current.job, current.index);
  told.failed = failed;
  told.retryable = retryable;
  told.computed = true;
  current.telling = true;
}

void Referee::told(const Process& process) { record(process).current.reset(); }
void Referee::spoilt(const Process& process) { record(process).spoilt = true; }

void Referee::exhausted(const Process& process) {
  environment_.say("worker %u is exhausted", process.slot);
  ++environment_.census.exhausted;
  record(process).exhausted = true;
}

void Referee::left(const Process& process) {
  const Record& leaver = record(process);
  require(leaver.leaving || leaver.stopped, "a worker leaves that was not told to");
}

void Referee::settle(Job& its_job, Element& settled) {
  require(!settled.settled, "an element has two outcomes");
  require(!its_job.finished, "an outcome for a finished job");
  settled.settled = true;
  ++its_job.settled;
}

void Referee::resolved(const pool::Action& action) {
  environment_.say("resolve %llx[%zu] %s", static_cast<unsigned long long>(action.job),
                   action.first,
                   action.failure == pool::ElementFailure::lost ? "lost" : "timed out");
  Job& its_job = job(action.job);
  Element& given_up = element(action.job, action.first);
  require((action.failure == pool::ElementFailure::cancelled) <= given_up.cancelled,
          "an element is cancelled without a request");
  if (given_up.cancelled) return;
  settle(its_job, given_up);
  its_job.has_error = true;
  Census& census = environment_.census;
  ++(action.failure == pool::ElementFailure::lost ? census.lost : census.timed_out);
  require(given_up.holder == nullptr, "an element is given up that a worker holds");
  const pool::Retries& budget = its_job.plan.traits.retries;
  if (its_job.last || given_up.last) {
    require(given_up.charges + given_up.doubtful != 0, "an element is given up without a reason");
    return;
  }
  if (action.failure == pool::ElementFailure::timed_out) {
    require(given_up.doubtful > budget.timeouts, "an element timed out that had time left");
  } else {
    // Behind garbage nothing is told of what has ended before: that is lost with what ran.
    const bool lost = given_up.garbled && given_up.charges + given_up.doubtful > budget.crashes;
    require(given_up.charges == budget.crashes + 1 || lost,
            "an element is given up that had attempts left");
  }
}

void Referee::delay(const Job& its_job, Element& failed) const {
  failed.not_before = environment_.now + its_job.plan.traits.retry_delay;
}

void Referee::tried_again(const pool::Action& action) {
  const Job& its_job = job(action.job);
  Element& failed = element(action.job, action.first);
  require(!failed.settled && !failed.cancelled, "an element is tried again that has an outcome");
  require(!its_job.last && !failed.last, "an element is tried again in vain");
  if (action.failure == pool::ElementFailure::timed_out) {
    require(failed.doubtful != 0, "an element timed out that had time left");
  } else {
    require(failed.charges <= its_job.plan.traits.retries.crashes,
            "an element is retried too often");
  }
  environment_.census.delayed += its_job.plan.traits.retry_delay.count() != 0;
  delay(its_job, failed);
}

void Referee::finished(JobId id, pool::JobEnd end) {
  environment_.say("finish %llx end %d", static_cast<unsigned long long>(id),
                   static_cast<int>(end));
  Job& done = job(id);
  require(!done.finished, "a job is finished twice");
  require(!done.over, "a job is over before it is finished");
  done.finished = done.ending = true;
  switch (end) {
    case pool::JobEnd::complete:
      require(done.sealed && done.settled == done.elements.size(),
              "a job is complete without all of its outcomes");
      break;
    case pool::JobEnd::failed:
      require(done.plan.traits.fail_fast && done.has_error, "a job fails without an error");
      break;
    case pool::JobEnd::cancelled:
      require(done.cancelled || terminated_, "a job is cancelled without a request");
      break;
    case pool::JobEnd::no_workers:
      require(start_has_failed_, "no workers, although every start was a success");
      break;
  }
}

void Referee::over(JobId id) {
  environment_.say("over %llx", static_cast<unsigned long long>(id));
  Job& done = job(id);
  require(done.finished, "a job is over before it is finished");
  require(!done.over, "a job is over twice");
  require(done.held == 0, "a job is over and a worker holds elements of it");
  done.over = true;
  --live_;
}

void Referee::caller_told(JobId id) {
  environment_.say("the caller of %llx knows", static_cast<unsigned long long>(id));
  Job& ended = job(id);
  require(ended.finished || ended.deserted || collapsed_,
          "a caller is told of an end before it comes");
  require(!ended.told, "a caller is told twice");
  ended.told = true;
}

// It is for no fault of an element that it has taken longer.
void Referee::stood_still(Nanoseconds time) {
  for (auto& [process, known] : records_) {
    if (known.current) known.current->since += time;
  }
}

// Nothing is read of the worker any more.
void Referee::deserted(const Process& process, JobId id) {
  record(process).spoilt = true;
  job(id).deserted = true;
}

void Referee::check_the_end() const {
  rethrow();
  for (const auto& [id, last] : jobs_) {
    if (collapsed_) {
      require(last.told, "a pool has collapsed and a caller does not know");
      continue;
    }
    require(last.finished && last.over, "a job has no end");
    require(last.told, "a job has ended and its caller does not know");
    for (const Element& left : last.elements)
      require(left.holder == nullptr, "an element is held by no living worker");
  }
  for (const auto& [worker, slot] : slots_)
    require(collapsed_ || (slot.process == nullptr && !slot.starting),
            "a process outlives its owner");
}

}  // namespace brood::simulation

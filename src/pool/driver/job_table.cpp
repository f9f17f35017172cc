#include "pool/driver/job_table.hpp"

#include <new>
#include <string>
#include <utility>

#include "pool/failures/errors.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

// Of an element whose worker cannot report it.
std::exception_ptr failure_of(const CallJob& job, const Action& action, const WorkerExit& exit,
                              Attempts attempts) {
  const std::size_t index = job.index_in_call(action.first);
  switch (action.failure) {
    case ElementFailure::lost:
      if (exit.fault_of_ours) return exit.fault_of_ours;
      break;
    case ElementFailure::timed_out:
      return std::make_exception_ptr(TaskTimeout(job.terms().timeout.value_or(Nanoseconds(0)),
                                                 index, exit.worker, std::move(attempts),
                                                 !action.worker_lives));
    case ElementFailure::cancelled:
      return std::make_exception_ptr(Cancelled("the task was cancelled while it ran"));
  }
  return std::make_exception_ptr(
      WorkerLost(exit.status, exit.worker, index, exit.report, std::move(attempts)));
}

}  // namespace

void JobTable::keep(std::shared_ptr<CallJob> job, std::size_t count) {
  const std::uint32_t slot = slot_of(job->id);
  if (tallies_.size() <= slot) tallies_.resize(slot + 1);
  if (jobs_.size() <= slot) jobs_.resize(slot + 1);
  jobs_[slot] = std::move(job);
  tallies_[slot] = {count, 0};
  counters_.add(count);
}

void JobTable::extend(JobId id, std::size_t count) noexcept {
  if (find(id) == nullptr) return;
  tallies_[slot_of(id)].elements += count;
  counters_.add(count);
}

void JobTable::tally(JobId id, OutcomeKind kind, std::size_t number) noexcept {
  tallies_[slot_of(id)].ended += number;
  counters_.ended(kind, number);
}

void JobTable::count_rest(JobId id, OutcomeKind kind) noexcept {
  Tally& tally = tallies_[slot_of(id)];
  counters_.ended(kind, tally.elements - tally.ended);
  tally.ended = tally.elements;
}

OutcomeKind JobTable::kind_of(const Action& action, const WorkerExit& exit) noexcept {
  if (action.failure == ElementFailure::timed_out) return OutcomeKind::timeout;
  if (action.failure == ElementFailure::cancelled) return OutcomeKind::cancelled;
  return exit.fault_of_ours ? OutcomeKind::error : OutcomeKind::worker_lost;
}

std::string JobTable::describe(const Action& action, const WorkerExit& exit) const noexcept {
  try {
    const CallJob* const job = find(action.job);
    if (job != nullptr) return wire::describe_exception(failure_of(*job, action, exit, {}));
  } catch (...) {
  }
  return {};
}

CallJob* JobTable::find(JobId id) const noexcept {
  const std::uint32_t slot = slot_of(id);
  return slot < jobs_.size() && jobs_[slot] && jobs_[slot]->id == id ? jobs_[slot].get() : nullptr;
}

JobTable::Kept JobTable::deliver(CallJob& job, const ArrivedResults& results) {
  const std::size_t open = job.open_among(results.first, results.count);
  try {
    job.deliver(results, callbacks_);
    tally(job.id, OutcomeKind::value, open);
    return Kept::all;
  } catch (...) {
    tally(job.id, OutcomeKind::value, open - job.open_among(results.first, results.count));
    return refuse(job, results.first, results.count, std::current_exception());
  }
}

JobTable::Kept JobTable::fail(CallJob& job, std::size_t element,
                              std::span<const std::byte> exception, const WorkerIdentity& worker,
                              const detail::ElementOutput& output) {
  try {
    auto failure = std::make_unique<detail::Failure>();
    failure->encoded = std::make_shared<const detail::Bytes>(exception);
    failure->worker = worker;
    failure->attempts = job.take_attempts(element);
    if (output) failure->attempts.output = *output;
    keep_for_another_run(job, element, *failure);
    const std::size_t open = job.open_among(element, 1);
    job.fail(element, std::move(failure), callbacks_);
    tally(job.id, OutcomeKind::exception, open);
    return Kept::all;
  } catch (...) {
    return refuse(job, element, 1, std::current_exception());
  }
}

JobTable::Kept JobTable::fail(const Action& action, const WorkerExit& exit) {
  CallJob* const job = find(action.job);
  if (job == nullptr) return Kept::all;
  try {
    auto failure = std::make_unique<detail::Failure>();
    failure->worker = exit.worker;
    Attempts attempts = job->take_attempts(action.first);
    if (exit.report) attempts.output = exit.report->output;
    failure->attempts.count = attempts.count;
    failure->local = failure_of(*job, action, exit, std::move(attempts));
    if (action.failure != ElementFailure::cancelled)
      keep_for_another_run(*job, action.first, *failure);
    const std::size_t open = job->open_among(action.first, 1);
    job->fail(action.first, std::move(failure), callbacks_);
    tally(job->id, kind_of(action, exit), open);
    return Kept::all;
  } catch (const std::bad_alloc&) {
    return refuse(*job, action.first, 1, out_of_memory());
  }
}

void JobTable::keep_for_another_run(const CallJob& job, std::size_t element,
                                    detail::Failure& failure) const noexcept {
  if (keeper_ != nullptr) failure.saved = keeper_->keep(job, element, failure);
}

// Elements that the scheduler knows as resolved have outcomes that cannot be kept. What cannot even
// be kept for one element becomes the end of the whole job.
JobTable::Kept JobTable::refuse(CallJob& job, std::size_t first, std::size_t count,
                                const std::exception_ptr& error) {
  const bool nonsense = error != out_of_memory() && !is_shortage(error);
  std::exception_ptr reason = nonsense ? error : out_of_memory();
  try {
    if (!nonsense) reason = shortage("this process has no memory for the result of a task");
    for (std::size_t i = first; i < first + count; ++i) {
      auto failure = std::make_unique<detail::Failure>();
      failure->local = reason;
      const std::size_t open = job.open_among(i, 1);
      job.fail(i, std::move(failure), callbacks_);
      tally(job.id, OutcomeKind::error, open);
    }
  } catch (const std::bad_alloc&) {
    return Kept::not_recorded;
  }
  if (nonsense) std::rethrow_exception(error);
  return Kept::refused;
}

// Where there is no memory for it (here and below) the last attempt knows of one less.
void JobTable::note_attempt(const Action& action, const WorkerExit& exit) {
  counters_.retried();
  CallJob* const job = find(action.job);
  if (job == nullptr) return;
  try {
    job->note_attempt(action.first, wire::describe_exception(failure_of(*job, action, exit, {})));
  } catch (const std::exception&) {
  }
}

void JobTable::note_attempt(JobId id, std::size_t element, const std::string& worker,
                            std::span<const std::byte> exception) {
  counters_.retried();
  CallJob* const job = find(id);
  if (job == nullptr) return;
  try {
    job->note_attempt(element, worker + ": " + wire::describe_encoded_exception(exception));
  } catch (const std::exception&) {
  }
}

void JobTable::cancel(JobId id, std::size_t element, const std::exception_ptr& reason) noexcept {
  CallJob* const job = find(id);
  if (job == nullptr) return;
  if (job->has_separate_calls()) tally(id, OutcomeKind::cancelled, job->open_among(element, 1));
  job->cancelled(element, reason, callbacks_);
}

void JobTable::finish(JobId id, const std::exception_ptr& error) {
  CallJob* const job = find(id);
  if (job == nullptr || job->finished()) return;
  count_rest(id, error ? detail::kind_of(error) : OutcomeKind::cancelled);
  job->finish(error, callbacks_);
}

// Its result may be kept for long: then without the arguments.
void JobTable::drop_arguments(JobId id) {
  if (CallJob* const job = find(id)) job->drop_arguments();
}

void JobTable::drop(JobId id) {
  if (find(id) != nullptr) jobs_[slot_of(id)].reset();
}

void JobTable::finish_all(const std::exception_ptr& reason) noexcept {
  for (const auto& job : jobs_) {
    if (!job || job->finished()) continue;
    count_rest(job->id, OutcomeKind::error);
    job->finish(reason, callbacks_);
  }
}

}  // namespace brood::pool

#include "pool/state/pool_state.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <utility>

#include <brood/cpu.hpp>
#include "pool/calls/call_batch.hpp"
#include "pool/failures/errors.hpp"
#include "start/method.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;

namespace {

std::uint32_t worker_count(const PoolOptions& options) {
  if (options.workers) return static_cast<std::uint32_t>(*options.workers);
  if (options.cpus.empty()) return static_cast<std::uint32_t>(available_cpus());
  return static_cast<std::uint32_t>(std::set(options.cpus.begin(), options.cpus.end()).size());
}

SchedulerConfig scheduler_config(const PoolOptions& options) {
  SchedulerConfig config;
  config.workers = worker_count(options);  // asks the system, where it is not given
  if (options.max_tasks_per_worker)
    config.max_tasks = static_cast<std::uint64_t>(*options.max_tasks_per_worker);
  if (options.start_timeout) config.start_timeout = *options.start_timeout;
  if (options.min_workers) {
    config.min_workers = static_cast<std::uint32_t>(*options.min_workers);
  } else if (options.idle_timeout) {
    config.min_workers = 0;
  }
  config.idle_timeout = options.idle_timeout.value_or(Nanoseconds(0));
  config.max_age = options.max_worker_age.value_or(Nanoseconds(0));
  return config;
}

DriverConfig driver_config(const PoolOptions& options, const std::string& method,
                           FailureKeeper* keeper, Recorder* recorder) {
  return {.method = method, .limits = options.limits, .keeper = keeper, .recorder = recorder};
}

std::unique_ptr<Recorder> recorder_for(Recorded recorded, std::size_t workers) {
  if (recorded == Recorded::nothing) return nullptr;
  const bool all = recorded == Recorded::timeline;
  return std::make_unique<Recorder>(
      workers, all ? Recorder::Keep::timeline : Recorder::Keep::nothing, Clock::now());
}

}  // namespace

PoolState::PoolState(const PoolOptions& options, const std::string& method,
                     WorkerProcesses& processes, Callbacks& callbacks, FailureKeeper* keeper,
                     Recorded recorded)
    : ends_tasks_(method != start::inline_method),
      callbacks_(callbacks),
      is_recorded_(recorded != Recorded::nothing),
      recorder_(recorder_for(recorded, worker_count(options))),
      scheduler_(scheduler_config(options)),
      driver_(driver_config(options, method, keeper, recorder_.get()), scheduler_, processes,
              callbacks) {}

JobTraits PoolState::within_limits(JobTraits traits) const noexcept {
  if (!ends_tasks_) traits.timeout.reset();
  return traits;
}

// With a backlog it waits for a worker to become free, which wakes the dispatcher anyway; unless it
// may be more urgent than what workers have in their queues.
bool PoolState::must_wake_for(int priority) const noexcept {
  return priority > 0 || !backlog_.load(std::memory_order_seq_cst);
}

bool PoolState::leave(std::shared_ptr<CallState> call) {
  const int priority = call->terms().priority;
  intake_.put(std::move(call));
  return must_wake_for(priority);
}

bool PoolState::leave(std::shared_ptr<SmallCall> call, detail::JobSpec&& spec) {
  const int priority = spec.terms->priority;
  intake_.put(std::move(call), std::move(spec));
  return must_wake_for(priority);
}

void PoolState::add(const std::shared_ptr<CallState>& call) {
  collapse_.check();
  if (driver_.view().closing) throw_closed();
  const Input input = call->is_stream() ? Input::goes_on : Input::ends;
  driver_.add(call, within_limits(call->traits()), call->arguments().count(), input,
              call->queued());
}

// What takes the calls with it ends them.
void PoolState::add(CallRun&& run, std::span<std::shared_ptr<SmallCall>> calls) {
  const Time queued = run.spec().queued;
  const auto batch = std::make_shared<CallBatch>(std::move(run), calls);
  try {
    driver_.add(batch, within_limits(batch->traits()), calls.size(), Input::ends, queued);
    batch->set_indices();
  } catch (...) {
    batch->finish(out_of_memory(), callbacks_);
    throw;
  }
}

void PoolState::take_intake() {
  if (collapse_.is_torn())
    return;  // what is left of it, and what comes, is the dispatcher's to end
  intake_.swap(taken_);
  try {
    taken_.take_each([this](auto&&... calls) BROOD_REQUIRES(core_lock) {
      add(std::forward<decltype(calls)>(calls)...);
    });
  } catch (...) {
    collapse_.tear(std::current_exception());  // some of it has been taken: it is not taken again
    throw;
  }
}

// True if the dispatcher may sleep: a caller that leaves a call from now on wakes it, or knows that
// a worker will.
bool PoolState::settle_intake() {
  backlog_.store(driver_.view().backlog, std::memory_order_seq_cst);
  return intake_.empty();
}

void PoolState::close(Closing how) {
  intake_.close();
  take_intake();
  if (how == Closing::terminated) is_terminated_.store(true, std::memory_order_release);
  driver_.close(how, Clock::now());
}

// The lock is held for some 10 µs at a time.
std::size_t PoolState::read(WorkerLink& link) {
  const CoreGuard lock(mutex_);
  driver_.read(link, most_at_a_time, Clock::now());
  return most_at_a_time;
}

void PoolState::unreadable(WorkerLink& link, const std::exception_ptr& error) {
  const CoreGuard lock(mutex_);
  driver_.unreadable(link, error, Clock::now());
}

void PoolState::hung_up(WorkerLink& link) {
  const CoreGuard lock(mutex_);
  driver_.hung_up(link, Clock::now());
}

void PoolState::ended(WorkerLink& link) {
  const CoreGuard lock(mutex_);
  driver_.ended(link);
}

void PoolState::lose_descriptors() noexcept {
  loss_.declare([this](const std::exception_ptr& error) { end_all_calls(error); });
}

void PoolState::end_all_calls(const std::exception_ptr& error) noexcept {
  std::exception_ptr reason = out_of_memory();
  if_possible([&] {
    const std::string text = wire::describe_exception(error);
    callbacks_.log_error("a pool ends: " + text);
    reason = std::make_exception_ptr(
        SystemError("the pool's dispatcher", "serving its workers: " + text, code_of(error)));
  });
  const CoreGuard lock(mutex_);
  collapse_.come(reason);
  is_terminated_.store(true, std::memory_order_release);
  const auto end = [&](AwaitedCall& call) BROOD_REQUIRES(core_lock) {
    if (!call.finished()) call.conclude(reason, callbacks_);
  };
  intake_.refuse(reason).for_each(end);
  taken_.for_each(end);
  driver_.collapse(reason);
}

}  // namespace brood::pool

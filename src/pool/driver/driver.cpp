#include "pool/driver/driver.hpp"

#include <algorithm>
#include <utility>

#include "pool/failures/errors.hpp"
#include "pool/failures/start_errors.hpp"

namespace brood::pool {

namespace {
// So that a worker that reports nothing costs little.
constexpr auto between_looks = std::chrono::milliseconds(1);

WorkerHistory history_of(const WorkerLink& link, const detail::ElementOutput& output) noexcept
    BROOD_REQUIRES(core_lock) {
  return {.name = link.name,
          .pid = link.pid,
          .since = link.since,
          .greeted = link.greeted,
          .sandboxed = link.sandboxed,
          .last_words = link.page().last_words,
          .log_lines = link.log_lines,
          .broken = link.broken,
          .killed = link.killed,
          .stopped_because = link.stopped_because,
          .fault_of_ours = link.fault_of_ours,
          .peak_seen = link.peak_seen,
          .oversize = link.oversize,
          .output = output};
}

}  // namespace

Driver::Driver(DriverConfig config, Scheduler& scheduler, WorkerProcesses& processes,
               Callbacks& callbacks)
    : state_(std::move(config), scheduler, processes, callbacks) {
  out_of_memory();  // made here, while there is memory for it
}

void Driver::add(const std::shared_ptr<CallJob>& job, const JobTraits& traits, std::size_t count,
                 Input input, Time queued) {
  job->id = state_.scheduler.add(traits, count, input);
  state_.jobs.keep(job, count);
  record_job(*job, count, queued);
  if (count == 0 && input == Input::ends) actions_.act_within_call();  // it is finished
}

void Driver::record_job(const CallJob& job, std::size_t count, Time queued) {
  using Kind = CallsOfRecord::Kind;
  if (state_.config.recorder == nullptr) return;
  const bool is_one = job.has_separate_calls() || job.arguments().fills_frame();
  const auto& definition = job.arguments().definition();
  state_.config.recorder->added(
      job.id, count, queued, is_one ? Kind::of_one_element : Kind::of_many,
      definition ? definition->bytes.view() : std::span<const std::byte>());
}

void Driver::extend(const CallJob& job, std::size_t count, Input input, Time queued) {
  if (job.finished()) count = 0;
  state_.scheduler.extend(job.id, count, input);
  state_.jobs.extend(job.id, count);
  if (state_.config.recorder != nullptr) state_.config.recorder->extended(job.id, count, queued);
  actions_.act_within_call();
}

bool Driver::cancel(JobId job, std::size_t element, Kill kill, Time now) {
  state_.now = now;
  return actions_.cancel(job, element, kill);
}

void Driver::close(Closing how, Time now) {
  state_.now = now;
  state_.scheduler.close(how, now);
  actions_.act_within_call();  // questions first, before what has been put off
  if (how == Closing::draining) actions_.act();
}

void Driver::cut_streams_short() {
  for (const auto& job : state_.jobs.all()) {
    if (job && !job->finished() && job->cut_short())
      state_.scheduler.extend(job->id, 0, Input::ends);
  }
  actions_.act_within_call();
}

void Driver::collapse(const std::exception_ptr& reason) noexcept {
  state_.scheduler.close(Closing::abandoned, state_.now);
  state_.jobs.finish_all(reason);
}

std::vector<WorkerId> Driver::first_starts(Time now) {
  state_.now = now;
  state_.scheduler.pump(now);
  std::vector<WorkerId> slots;
  while (const std::optional<Action> action = state_.scheduler.next())
    slots.push_back(action->worker);
  return slots;
}

void Driver::started(std::unique_ptr<WorkerLink> link, Time now) {
  state_.now = now;
  const WorkerId id = link->id;
  state_.counters.started(id, link->name, now);
  if (state_.config.recorder != nullptr)
    state_.config.recorder->started(id, link->name, link->pid, link->since, now);
  state_.workers.admit(std::move(link));
  state_.scheduler.worker_event(id, WorkerEvent::started, now);
}

void Driver::start_failed(WorkerId id, std::exception_ptr why, StartFailure kind, Time now) {
  state_.now = now;
  state_.start_error = std::move(why);
  const bool lacks = kind == StartFailure::lack;
  state_.scheduler.worker_event(
      id, lacks ? WorkerEvent::short_of_resources : WorkerEvent::start_failed, now);
}

void Driver::read(WorkerLink& link, std::size_t most, Time now) {
  state_.now = now;
  state_.workers.touch(link);
  try {
    reader_.read(link, most);
  } catch (const std::exception&) {
    state_.break_and_stop(link, state_.current_fault());
  }
  actions_.act();
}

void Driver::unreadable(WorkerLink& link, const std::exception_ptr& error, Time now) {
  state_.now = now;
  state_.break_and_stop(link, error);
  actions_.act();
}

void Driver::hung_up(WorkerLink& link, Time now) {
  if (link.hung_up) return;
  state_.now = now;
  state_.workers.note_hang_up(link, now);
  if (!link.borrowed) borrowing_.withdraw(link);
  if (!link.ended) state_.scheduler.worker_event(link.id, WorkerEvent::hung_up, now);
}

void Driver::observed(WorkerLink& link, const ProcessSight& seen, Time now) {
  state_.now = now;
  const StopReason why = watch_.observed(link, seen);
  if (why == StopReason::none) return;
  state_.scheduler.stop(link.id, why, now);
  actions_.act_within_call();  // a question is answered before anything else happens
}

// A caller that drives it gives it back, and nothing would wake one that borrowed it now.
void Driver::ended(WorkerLink& link) {
  state_.workers.note_ended(link);
  if (link.borrowed) return link.wake_caller();
  borrowing_.withdraw(link);
}

bool Driver::turn(Time now) {
  state_.now = now;
  actions_.act();
  state_.workers.stop_overdue(state_.now);
  reap_ended();
  look_at_pages();
  state_.scheduler.pump(state_.now);
  actions_.act();
  if (state_.scheduler.view().pool().closing && state_.scheduler.view().pool().drained) {
    state_.processes.abandon_starts();  // for no call waits for them
    actions_.act();
    if (state_.scheduler.view().pool().all_gone) return true;
  }
  state_.workers.settle();
  borrowing_.offer_idle_workers();
  return false;
}

std::optional<Time> Driver::next_turn(Time now) const {
  std::optional<Time> next = state_.scheduler.view().next_tick();
  if (next) next = std::max({*next, last_look_ + between_looks, now});
  const std::optional<Time> of_workers = state_.workers.next_time();
  return of_workers && (!next || *of_workers < *next) ? of_workers : next;
}

// Results that wait behind a long task, elements that have run for too long. A worker that has
// taken a wake-up from us, and sent none, is asked for it again.
void Driver::look_at_pages() {
  const std::optional<Time> due = state_.scheduler.view().next_tick();
  if (!due || *due > state_.now || state_.now - last_look_ < between_looks) return;
  last_look_ = state_.now;
  std::vector<Running> running;
  for (const WorkerId id : state_.scheduler.view().occupied()) {
    WorkerLink* const link = state_.workers.find(id);
    if (link == nullptr || link->borrowed || link->broken) continue;
    state_.workers.touch(*link);
    try {
      running.push_back(reader_.look(*link));
      link->ask_for_wake_up(protocol::WakeUp::by_socket);
    } catch (const std::exception&) {
      state_.break_and_stop(*link, state_.current_fault());
    }
  }
  state_.scheduler.tick(state_.now, running);
  actions_.act();
}

// A caller that drives a link sees the end, too, and gives it back.
void Driver::reap_ended() {
  for (const WorkerId id : state_.workers.ending()) {
    WorkerLink* const link = state_.workers.find(id);
    if (!link->ended || link->borrowed) continue;
    borrowing_.withdraw(*link);
    actions_.act();
    if (const std::optional<Death> death = state_.workers.death_of(*link, state_.now))
      reap(*link, *death);
  }
}

// The ring first, then the claims, then what is charged. Of one that is left behind nothing is
// read: it may go on writing.
void Driver::reap(WorkerLink& link, const Death& death) {
  if (!link.broken && !link.left) reader_.read_the_rest(link);
  actions_.act();  // what that leads to, while there is a link
  // The first element without an outcome is the one that ran, if any did.
  const detail::ElementOutput output =
      link.left ? nullptr : state_.processes.last_output(link, link.stream.resolved());
  state_.exits[link.id] = exit_of(history_of(link, output), death, state_.config.limits);
  if (!state_.scheduler.view().worker(link.id).came_up) note_failed_start(link, death);
  const WorkerId id = link.id;
  const std::optional<std::uint64_t> begun = reader_.begun_by_the_dead(link);
  record_end(link, begun, death);
  state_.scheduler.worker_gone(id, begun, state_.now);
  state_.workers.remove(link);
  actions_.act();
  if (state_.config.recorder != nullptr) state_.config.recorder->buried(id, state_.now);
}

// How it ended is worth a word where it has neither left nor been ended with all others.
void Driver::record_end(WorkerLink& link, std::optional<std::uint64_t> begun, const Death& death) {
  state_.counters.gone(link.id, state_.now);
  Recorder* const recorder = state_.config.recorder;
  if (recorder == nullptr) return;
  std::string why;
  const ExitStatus& status = death.ended.status;
  const bool left = status.kind == ExitStatus::Kind::exited && status.value == 0;
  if (!left && !state_.scheduler.view().pool().terminated)
    if_possible([&] { why = status.describe(); });
  const std::uint64_t clock = link.page().clock.load(std::memory_order_acquire);
  recorder->gone(link.id, begun.value_or(0), Time{Nanoseconds(static_cast<std::int64_t>(clock))},
                 why, state_.now);
}

void Driver::note_failed_start(WorkerLink& link, const Death& death) {
  const Nanoseconds limit = state_.scheduler.view().config().start_timeout;
  if (!state_.start_error)
    state_.start_error = why_not_ready(history_of(link, nullptr), state_.exits[link.id],
                                       state_.config.method, limit, state_.now);
  if (was_killed(death) && link.oversize == 0 && !is_late(link.since, limit, state_.now))
    state_.scheduler.worker_event(link.id, WorkerEvent::killed_from_outside, state_.now);
}

}  // namespace brood::pool

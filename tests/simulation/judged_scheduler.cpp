#include "judged_scheduler.hpp"

#include <utility>

#include "protocol/owner_page.hpp"
#include "walk.hpp"

namespace brood::simulation {

using pool::Action;

namespace {
pool::SchedulerConfig config_of(const Parameters& parameters) {
  pool::SchedulerConfig config = parameters.config;
  if (parameters.mutation == Mutation::wait_for_the_deaf) config.answer = Nanoseconds::max();
  return config;
}
}  // namespace

JudgedScheduler::JudgedScheduler(Environment& environment, Referee& referee,
                                 std::function<Process*(WorkerId)> process_in,
                                 std::function<void()> elsewhere)
    : Scheduler(config_of(environment.parameters)),
      environment_(environment),
      referee_(referee),
      process_in_(std::move(process_in)),
      elsewhere_(std::move(elsewhere)) {}

Process& JudgedScheduler::process_of(WorkerId worker) const {
  Process* const process = process_in_(worker);
  if (process == nullptr) throw Violation("an event of a worker that does not exist");
  return *process;
}

bool JudgedScheduler::mutate(Mutation mutation) {
  if (environment_.parameters.mutation != mutation) return false;
  if (!environment_.random.chance(0.3)) return false;
  environment_.say("mutation: %s", name_of(mutation));
  return true;
}

void JudgedScheduler::begin_call() {
  environment_.census.deferred_ends += put_off_.size();
  for (const JobId job : std::exchange(put_off_, {})) {
    if (!mutate(Mutation::free_a_slot_early)) continue;
    freed_early_.insert(job);
    Scheduler::let_go(job);
  }
}

// What has been changed is told of now, or never.
void JudgedScheduler::check_kept_sets() {
  if (mutate(Mutation::forget_a_change)) parts().population.changed().clear();
  judge([this] { check_sets(parts()); });
}

JobId JudgedScheduler::add(const pool::JobTraits& traits, std::size_t count, pool::Input input) {
  const JobId job = Scheduler::add(traits, count, input);
  judge([&] { std::exchange(tell_added_, nullptr)(job); });
  return job;
}

void JudgedScheduler::worker_event(WorkerId worker, pool::WorkerEvent event, Time now) {
  if (event == pool::WorkerEvent::ready) {
    environment_.say("worker %u is ready", worker);
    judge([&] { referee_.ready(process_of(worker)); });
  } else if (event == pool::WorkerEvent::exhausted) {
    judge([&] { referee_.retired(process_of(worker)); });
  } else if (event == pool::WorkerEvent::hung_up) {
    if (mutate(Mutation::feed_what_has_hung_up)) return;
  }
  Scheduler::worker_event(worker, event, now);
  check_kept_sets();
}

pool::Reception JudgedScheduler::outcomes(WorkerId worker, const pool::Outcomes& outcomes,
                                          Time now) {
  environment_.say("worker %u tells %llx[%zu, %zu)%s", worker,
                   static_cast<unsigned long long>(outcomes.job), outcomes.first,
                   outcomes.first + outcomes.count, outcomes.failed ? " failed" : "");
  if (mutate(Mutation::lose_a_result)) return pool::Reception::unwanted;
  pool::Outcomes changed = outcomes;
  if (outcomes.failed && mutate(Mutation::try_again_in_vain)) changed.retryable = true;
  const pool::Reception told = Scheduler::outcomes(worker, changed, now);
  check_kept_sets();
  if (told != pool::Reception::nonsense) count_what_pages_told(worker, outcomes.count);
  judge([&] {
    if (told == pool::Reception::nonsense) throw Violation("a result that was not asked for");
    referee_.told_by(process_of(worker), changed, told);
  });
  return told;
}

// Within a turn nothing else tells outcomes but looks at pages. Where a frame is open they are its
// own, or those in front of it.
void JudgedScheduler::count_what_pages_told(WorkerId worker, std::size_t count) {
  Process& process = process_of(worker);
  const protocol::WorkerPage& page = process.page();
  if (!in_turn_ || page.head.load() <= page.closed.load()) return;
  Census& census = environment_.census;
  if (process.alive()) census.from_pages += count;
  if (!process.alive()) census.from_pages_of_the_dead += count;
}

void JudgedScheduler::stop(WorkerId worker, pool::StopReason why, Time now) {
  if (why == pool::StopReason::unreadable) {
    environment_.say("the stream of worker %u is broken", worker);
    judge([&] { referee_.broken(process_of(worker)); });
  }
  Scheduler::stop(worker, why, now);
}

void JudgedScheduler::worker_gone(WorkerId worker, std::optional<std::uint64_t> claimed, Time now) {
  judge([&] {
    if (!claimed) throw Violation("a sound page is not believed");
    referee_.gone(process_of(worker), *claimed);
  });
  if (claimed && mutate(Mutation::charge_although_idle)) ++*claimed;
  Scheduler::worker_gone(worker, claimed, now);
  check_kept_sets();
}

bool JudgedScheduler::revocation_done(WorkerId worker, std::uint64_t fence) {
  environment_.say("worker %u has skipped to %llu", worker, static_cast<unsigned long long>(fence));
  judge([&] { referee_.acknowledged(process_of(worker), fence); });
  if (mutate(Mutation::forget_skipped)) return true;
  const bool done = Scheduler::revocation_done(worker, fence);
  judge([&] {
    if (!done) throw Violation("an acknowledgement is refused");
  });
  return done;
}

std::optional<pool::Assignment> JudgedScheduler::borrow(JobId job, Time now) {
  const std::optional<pool::Assignment> assignment = Scheduler::borrow(job, now);
  check_kept_sets();
  if (assignment) judge([&] { referee_.sent(*assignment); });
  return assignment;
}

// Among others between what has been read of a worker's page and its claims.
pool::SchedulerView JudgedScheduler::view() const noexcept {
  if (in_turn_) judge([this] { elsewhere_(); });
  return Scheduler::view();
}

void JudgedScheduler::pump(Time now) {
  Scheduler::pump(now);
  check_kept_sets();
  elsewhere_();
}

void JudgedScheduler::tick(Time now, const std::vector<pool::Running>& running) {
  elsewhere_();
  Scheduler::tick(now, running);
  check_kept_sets();
}

// The others get on between a look at a page and what follows from it.
void JudgedScheduler::answer(WorkerId worker, const pool::Begun& begun) {
  const Action question = asked_.at(worker);
  pool::Begun changed = begun;
  if (question.kind == Action::Kind::revoke) {
    judge([&] {
      if (begun.doubted) throw Violation("a sound page is doubted");
      referee_.revoked(process_of(worker), begun.count, question.fence);
    });
    if (begun.count != 0 && mutate(Mutation::revoke_one_too_many)) --changed.count;
  }
  elsewhere_();
  Scheduler::answer(worker, changed);
  check_kept_sets();
}

void JudgedScheduler::let_go(JobId job) {
  put_off_.erase(job);
  if (!freed_early_.contains(job)) Scheduler::let_go(job);
}

bool JudgedScheduler::is_answered_without_the_page(const Action& question) {
  if (question.kind != Action::Kind::revoke) return false;
  Process* const process = process_in_(question.worker);
  if (process == nullptr || !mutate(Mutation::revoke_without_the_page)) return false;
  const std::uint64_t claimed = process->page().claimed.load();
  judge([&] { referee_.revoked(*process, claimed, question.fence); });
  Scheduler::answer(question.worker, {claimed});
  return true;
}

std::optional<Action> JudgedScheduler::next() {
  std::optional<Action> action = std::exchange(again_, std::nullopt);
  while (!action) {
    const std::optional<Action> one = Scheduler::next();
    if (!one) return std::nullopt;
    if (is_answered_without_the_page(*one)) continue;
    action = mutated(*one);
  }
  if (action->kind == Action::Kind::look || action->kind == Action::Kind::revoke)
    asked_.insert_or_assign(action->worker, *action);
  judge([&] { show(*action); });
  if (action->kind == Action::Kind::over) put_off_.insert(action->job);
  return action;
}

void JudgedScheduler::show(const Action& action) {
  switch (action.kind) {
    case Action::Kind::look:
    case Action::Kind::revoke:
      return;
    case Action::Kind::cancelled:
      if (action.first == Action::all) return referee_.cancelled(action.job, true);
      return referee_.cancelled(action.job, action.first);
    case Action::Kind::resolve:
      return referee_.resolved(action);
    case Action::Kind::again:
      return referee_.tried_again(action);
    case Action::Kind::finish:
      return referee_.finished(action.job, action.end);
    case Action::Kind::over:
      return referee_.over(action.job);
    case Action::Kind::send:
      return referee_.sent(action.assignment);
    case Action::Kind::forget:
      return referee_.forgets(action.worker, action.job);
    case Action::Kind::wake:
      return referee_.woken(action.worker);
    case Action::Kind::leave:
      return referee_.leaving(action.worker);
    case Action::Kind::start:
      return referee_.starting(action.worker);
    case Action::Kind::ask_to_stop:
      return referee_.asked_to_stop(action.worker, action.fence);
    case Action::Kind::stop:
      if (process_in_(action.worker) != nullptr) referee_.stopping(action.worker, action.why);
      return;
  }
}

std::optional<Action> JudgedScheduler::mutated(Action action) {
  const auto drops = [&](Action::Kind kind, Mutation mutation) {
    return action.kind == kind && mutate(mutation);
  };
  if (environment_.parameters.mutation == Mutation::none) return action;
  if (drops(Action::Kind::send, Mutation::drop_send) ||
      drops(Action::Kind::resolve, Mutation::drop_resolve) ||
      drops(Action::Kind::finish, Mutation::drop_finish) ||
      drops(Action::Kind::over, Mutation::drop_over) ||
      drops(Action::Kind::start, Mutation::drop_start) ||
      drops(Action::Kind::leave, Mutation::drop_leave) ||
      drops(Action::Kind::wake, Mutation::drop_wake) ||
      drops(Action::Kind::ask_to_stop, Mutation::drop_ask_to_stop) ||
      drops(Action::Kind::stop, Mutation::drop_stop))
    return std::nullopt;
  if (drops(Action::Kind::send, Mutation::duplicate_send) ||
      drops(Action::Kind::resolve, Mutation::duplicate_resolve) ||
      drops(Action::Kind::finish, Mutation::duplicate_finish))
    again_ = action;
  if (drops(Action::Kind::send, Mutation::send_out_of_sequence)) ++action.assignment.sequence;
  if (drops(Action::Kind::resolve, Mutation::resolve_the_neighbour)) ++action.first;
  if (drops(Action::Kind::finish, Mutation::over_before_finish)) {
    again_ = action;
    action.kind = Action::Kind::over;
  }
  if (drops(Action::Kind::send, Mutation::leave_early)) {
    again_ = action;
    action.kind = Action::Kind::leave;
  }
  return action;
}

}  // namespace brood::simulation

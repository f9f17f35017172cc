#include "owner.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

// What users do, and the turns of the dispatcher.
namespace brood::simulation {

namespace {

Limits limits_of(const Parameters& parameters) {
  Limits limits;
  if (parameters.exhausted != 0) limits.resident = 1;
  if (parameters.watched) limits.resident_hard = memory_limit;
  return limits;
}
}  // namespace

Owner::Owner(Environment& environment, Referee& referee, std::function<void()> elsewhere,
             std::function<void()> unlocked)
    : environment_(environment),
      referee_(referee),
      elsewhere_(std::move(elsewhere)),
      unlocked_(std::move(unlocked)),
      scheduler_(
          environment, referee, [this](WorkerId worker) { return process_in(worker); },
          [this] { elsewhere_(); }),
      recorder_(environment.parameters.config.workers, pool::Recorder::Keep::timeline,
                environment.now),
      driver_({.method = "simulation",
               .limits = limits_of(environment.parameters),
               .recorder = environment.parameters.recorded ? &recorder_ : nullptr},
              scheduler_, *this, callbacks_),
      starts_(environment.parameters.config.workers),
      callers_(starts_.size()) {
  if (environment_.parameters.ready_made) start_first_workers();
}

// As pool::Core does before there is a dispatcher.
void Owner::start_first_workers() {
  for (const WorkerId worker : driver().first_starts(environment_.now)) {
    ++environment_.census.ready_made;
    if (!scheduler_.mutate(Mutation::forget_a_first_start)) admit(worker);
  }
}

// --- users ---

std::shared_ptr<Call> Owner::make(const JobPlan& plan, std::size_t count, bool last) {
  scheduler_.begin_call();
  const auto call = std::make_shared<Call>(referee_, plan, count);
  std::erase_if(calls_, [](const auto& old) { return old.expired(); });
  calls_.push_back(call);
  scheduler_.adding([&, this](JobId job) {
    environment_.say("add %llx: %zu elements%s", static_cast<unsigned long long>(job), count,
                     plan.single  ? ", single"
                     : plan.batch ? ", batch"
                                  : "");
    referee_.added(job, plan, count, last);
  });
  driver().add(call, plan.traits, count, last ? pool::Input::ends : pool::Input::goes_on,
               environment_.now);
  call->define();
  news_ = true;
  return call;
}

JobId Owner::add(const JobPlan& plan, std::size_t count, bool last) {
  return make(plan, count, last)->id;
}

Call* Owner::find(JobId job) const {
  for (const auto& known : calls_) {
    const auto call = known.lock();
    if (call && call->id == job) return call.get();
  }
  return nullptr;
}

void Owner::extend(JobId job, std::size_t count, bool last) {
  environment_.say("extend %llx by %zu", static_cast<unsigned long long>(job), count);
  scheduler_.begin_call();
  referee_.extended(job, count, last);
  Call* const call = find(job);
  if (call == nullptr) return;
  if (!call->finished()) call->grow(count);
  driver().extend(*call, count, last ? pool::Input::ends : pool::Input::goes_on, environment_.now);
  news_ = true;
}

void Owner::cancel(JobId job, bool stop_running) {
  environment_.say("cancel %llx%s", static_cast<unsigned long long>(job),
                   stop_running ? " and stop" : "");
  scheduler_.begin_call();
  news_ = true;
  const Kill kill = stop_running ? Kill::yes : Kill::no;
  if (!driver().cancel(job, pool::Action::all, kill, environment_.now))
    referee_.cancelled(job, false);
}

void Owner::cancel(JobId job, std::size_t index, bool stop_running) {
  environment_.say("cancel %llx[%zu]%s", static_cast<unsigned long long>(job), index,
                   stop_running ? " and stop" : "");
  scheduler_.begin_call();
  if (referee_.has_outcome(job, index)) return;  // as the caller's own state tells it
  const Call* const call = find(job);
  if (call == nullptr || call->finished()) return;
  news_ = true;
  const Kill kill = stop_running ? Kill::yes : Kill::no;
  if (!driver().cancel(job, index, kill, environment_.now)) referee_.has_last_attempt(job, index);
}

JobId Owner::call(const JobPlan& plan) {
  const std::shared_ptr<Call> call = make(plan, 1, true);
  pool::WorkerLink* const borrowed =
      plan.traits.timeout ? nullptr : driver().borrowing().borrow(*call, environment_.now);
  if (borrowed == nullptr) return call->id;
  environment_.say("worker %u is borrowed", borrowed->id);
  ++environment_.census.borrowed;
  callers_[borrowed->id] = std::make_unique<Caller>(
      environment_, referee_, scheduler_, driver_, elsewhere_, static_cast<Link&>(*borrowed), call);
  return call->id;
}

void Owner::close() {
  environment_.say("close");
  referee_.closed();
  driver().close(pool::Closing::when_done, environment_.now);
  news_ = true;
}

void Owner::terminate() {
  environment_.say("terminate");
  scheduler_.begin_call();
  referee_.terminated();
  driver().close(pool::Closing::terminated, environment_.now);
  news_ = true;
}

// Its readers do not come back.
void Owner::join(const std::vector<JobId>& streams) {
  scheduler_.begin_call();
  for (const JobId job : streams) {
    environment_.say("%llx gets no more", static_cast<unsigned long long>(job));
    Call* const call = find(job);
    referee_.extended(job, 0, true);
    if (call == nullptr || call->finished()) continue;
    ++environment_.census.cut;
    if (!scheduler_.mutate(Mutation::leave_a_stream_open)) call->leave_to_its_end();
  }
  driver().cut_streams_short();
  news_ = true;
}

// What ran in a worker that was stopped for another's sake runs once more: as cancelled there, and
// under the same number of its attempt.
void Owner::check_records() {
  const Statistics statistics = driver().counters().statistics(environment_.now);
  if (statistics.ended() != statistics.elements)
    throw Violation("not every element has been counted once");
  if (!environment_.parameters.recorded) return;
  if (recorder_.stopped() != nullptr) throw Violation("the record has stopped");
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>> known;
  const trace::Timeline timeline = recorder_.take(environment_.now);
  for (const trace::TimelineElement& element : timeline.elements) {
    if (element.begun != trace::unknown_time) check_times(element);
    environment_.census.recorded += element.encoded != trace::unknown_time;
    if (element.outcome == static_cast<std::uint8_t>(OutcomeKind::cancelled)) continue;
    if (!known.emplace(element.call, element.index, element.attempt).second)
      throw Violation("an attempt at an element has been recorded twice");
  }
}

void Owner::check_times(const trace::TimelineElement& element) {
  std::int64_t last = 0;
  for (const std::int64_t time : {element.queued, element.sent, element.begun, element.running,
                                  element.encoding, element.encoded, element.arrived}) {
    if (time == trace::unknown_time) continue;
    if (time < last) throw Violation("times of an element go back");
    last = time;
  }
}

// --- the dispatcher ---

void Owner::turn() {
  news_ = false;
  scheduler_.begin_call();
  if (!environment_.calm && environment_.random.chance(environment_.parameters.collapse))
    return collapse();
  if (scheduler_.mutate(Mutation::borrowed_memory_goes_early)) spoil_what_is_borrowed();
  look_for_events();
  for (WorkerId worker = 0; worker < starts_.size(); ++worker) {
    if (starts_[worker] && *starts_[worker] <= environment_.now) finish_start(worker);
  }
  die_of_signals();
  look_at_processes();
  const std::optional<WorkerId> old = age_one();
  scheduler_.set_in_turn(true);
  finished_ = driver().turn(environment_.now);
  scheduler_.set_in_turn(false);
  if (finished_) return;
  reactor_.end_turn();
  scheduler_.judge([this] { check_links(); });
  unlocked_();
  news_ |= !reactor_.flush();
  if (old) let_it_age(*old);
}

// A turn looks at the links that something has happened to, and finds what a look at all would.
void Owner::check_links() {
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const known = link(worker);
    if (known == nullptr || known->borrowed) continue;
    if (known->borrowable != driver().borrowing().may_be_borrowed(*known))
      throw Violation("a worker may be borrowed, or may not, and the turn has not seen it");
    if (known->borrowable == (known->watched || known->broken || known->hung_up))
      throw Violation("a worker is watched, or is not, and the turn has not seen it");
  }
}

// As pool::PoolState::end_all_calls and pool::SupervisedProcesses::end_all_workers.
void Owner::collapse() {
  environment_.say("the pool collapses");
  ++environment_.census.collapsed;
  referee_.collapsed();
  if (!scheduler_.mutate(Mutation::end_without_a_collapse))
    driver().collapse(std::make_exception_ptr(Error("the pool has collapsed")));
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    if (Process* const process = process_in(worker)) process->kill();
  }
  finished_ = true;
}

void Owner::stand_still(Nanoseconds time) {
  environment_.say("the owner stands still for %lld us",
                   static_cast<long long>(time.count() / 1000));
  ++environment_.census.stopped;
  environment_.now += time;
  referee_.stood_still(time);
  if (!scheduler_.mutate(Mutation::forget_that_time_stood_still))
    driver().skip(environment_.now, time);
  news_ = true;
}

void Owner::spoil_what_is_borrowed() {
  for (const auto& known : calls_) {
    if (const auto call = known.lock()) call->spoil_what_is_borrowed();
  }
}

Process* Owner::process_in(WorkerId worker) const noexcept {
  Link* const known = link(worker);
  return known == nullptr ? nullptr : known->process.get();
}

// By what the dispatcher waits for. Where a ring is full, that is a wake-up.
bool Owner::is_wanted(const Link& link) const {
  pool::no_other_thread_knows();
  if (link.has_hung_up() && !link.saw_hang_up) return true;
  if (link.borrowed) return !link.process->alive() && !link.ended;
  if (!link.process->alive() || (link.watched && link.has_told())) return true;
  if (link.broken || link.hung_up || is_terminated()) return false;
  return link.waits_for_room;
}

bool Owner::has_work() const {
  if (finished_) return false;
  if (news_) return true;
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    if (starts_[worker] && *starts_[worker] <= environment_.now) return true;
    const Link* const known = link(worker);
    if (known != nullptr && is_wanted(*known)) return true;
  }
  const auto next = next_time();
  return next && *next <= environment_.now;
}

std::optional<Time> Owner::next_time() const {
  std::optional<Time> soonest = driver().next_turn(Time{});
  const auto at = [&soonest](const std::optional<Time>& time) {
    if (time && (!soonest || *time < *soonest)) soonest = time;
  };
  for (const auto& start : starts_) at(start);
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    const Link* const known = link(worker);
    if (known == nullptr) continue;
    if (known->process->alive()) at(known->dies_at);
    if (known->process->has_no_main_thread() && driver().is_watched(*known)) at(next_look_);
  }
  return soonest;
}

}  // namespace brood::simulation

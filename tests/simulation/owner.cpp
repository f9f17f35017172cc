#include "owner.hpp"

#include <algorithm>
#include <utility>

// What users do, the turns of the dispatcher, and the processes that it has.
namespace brood::simulation {

namespace {

Limits limits_of(const Parameters& parameters) {
  Limits limits;
  if (parameters.exhausted != 0) limits.resident = 1;
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
      driver_({.method = "simulation", .limits = limits_of(environment.parameters)}, scheduler_,
              *this, callbacks_),
      starts_(environment.parameters.config.workers),
      callers_(starts_.size()) {}

// --- users ---

std::shared_ptr<Call> Owner::make(const JobPlan& plan, std::size_t count, bool last) {
  scheduler_.begin_call();
  const auto call = std::make_shared<Call>(referee_, plan, count);
  std::erase_if(calls_, [](const auto& old) { return old.expired(); });
  calls_.push_back(call);
  scheduler_.adding([&, this](JobId job) {
    environment_.say("add %llx: %zu elements%s", static_cast<unsigned long long>(job), count,
                     plan.single() ? ", single"
                     : plan.batch  ? ", batch"
                                   : "");
    referee_.added(job, plan, count, last);
  });
  driver().add(call, plan.traits, count, last);
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
  driver().extend(*call, count, last);
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
      plan.traits.timeout ? nullptr : driver().borrow(*call, environment_.now);
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

// --- the dispatcher ---

void Owner::turn() {
  news_ = false;
  scheduler_.begin_call();
  if (scheduler_.mutate(Mutation::borrowed_memory_goes_early)) spoil_what_is_borrowed();
  look_for_events();
  for (WorkerId worker = 0; worker < starts_.size(); ++worker) {
    if (starts_[worker] && *starts_[worker] <= environment_.now) finish_start(worker);
  }
  die_of_signals();
  const std::optional<WorkerId> old = age_one();
  scheduler_.set_in_turn(true);
  finished_ = driver().turn(environment_.now);
  scheduler_.set_in_turn(false);
  if (finished_) return;
  reactor_.end_turn();
  unlocked_();
  news_ |= !reactor_.flush();
  if (old) let_it_age(*old);
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
  if (link.borrowed) return !link.process->alive() && !link.ended;
  if (!link.process->alive() || (link.watched && link.has_told())) return true;
  if (link.broken || link.silent || is_terminated()) return false;
  return link.waits_for_room ||
         (!link.outbox.empty() && reactor_.stopped_by(link.id) == Link::Stop::none);
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
    if (known != nullptr && known->process->alive()) at(known->dies_at);
  }
  return soonest;
}

// --- processes ---

void Owner::start(WorkerId worker) {
  starts_[worker] = environment_.now;
  if (environment_.parameters.slow_starts) {
    const double delay = environment_.random.spread(1e3, 1e7);
    *starts_[worker] += Nanoseconds(static_cast<Nanoseconds::rep>(delay));
  } else {
    finish_start(worker);
  }
}

void Owner::abandon_start(WorkerId worker) {
  if (!starts_[worker]) return;
  starts_[worker].reset();
  environment_.say("the start of worker %u is given up", worker);
  scheduler_.judge([&] { referee_.start_failed(worker); });
  driver().start_failed(worker, nullptr, pool::StartFailure::other, environment_.now);
}

void Owner::abandon_starts() {
  for (WorkerId worker = 0; worker < starts_.size(); ++worker) abandon_start(worker);
}

void Owner::finish_start(WorkerId worker) {
  starts_[worker].reset();
  const Parameters& parameters = environment_.parameters;
  if (!environment_.calm &&
      (parameters.outage || environment_.random.chance(parameters.start_error))) {
    environment_.say("worker %u cannot be started", worker);
    scheduler_.judge([&] { referee_.start_failed(worker); });
    return driver().start_failed(worker, nullptr, pool::StartFailure::other, environment_.now);
  }
  environment_.say("worker %u starts", worker);
  auto link = std::make_unique<Link>(
      environment_, scheduler_,
      std::make_unique<Process>(environment_, referee_, worker, next_pid_++), elsewhere_);
  link->outbox.tail() = Process::setup_of(parameters);
  link->write();
  referee_.started(*link->process);
  reactor_.open(*link);
  driver().started(std::move(link), environment_.now);
}

// SIGTERM may be ignored; SIGKILL is not.
pool::SignalResult Owner::signal(pool::WorkerLink& worker, pool::StopSignal signal) noexcept {
  Link& link = static_cast<Link&>(worker);
  if (!link.process->alive()) return pool::SignalResult::gone;
  if (environment_.parameters.mutation == Mutation::send_no_signals)
    return pool::SignalResult::sent;
  if (signal == pool::StopSignal::kill) {
    link.dies_at = environment_.now;
  } else if (environment_.random.chance(0.7)) {
    link.dies_at =
        environment_.now + Nanoseconds(environment_.random.between(std::uint64_t{0}, 100'000));
  }
  return pool::SignalResult::sent;
}

void Owner::die_of_signals() {
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const known = link(worker);
    if (known != nullptr && known->dies_at && *known->dies_at <= environment_.now)
      known->process->kill();
  }
}

std::optional<pool::Death> Owner::status(pool::WorkerLink& worker) noexcept {
  Link& link = static_cast<Link&>(worker);
  if (!environment_.calm && environment_.random.chance(environment_.parameters.late_status))
    return std::nullopt;
  if (scheduler_.mutate(Mutation::reap_before_the_ring_is_empty)) link.left = true;
  if (scheduler_.mutate(Mutation::forget_the_page_of_the_dead)) {
    link.page().closed.store(link.page().tail.load());
    link.page().head.store(link.page().tail.load());
  }
  return pool::Death{};
}

void Owner::log(const pool::WorkerLink&, const protocol::LogRecord& record) noexcept {
  scheduler_.judge([&] {
    const bool is_old = record.text.find_first_not_of(old_letter) == std::string::npos;
    if (record.text != log_text && !is_old) throw Violation("a wrong log record");
  });
  ++environment_.census.logged;
}

}  // namespace brood::simulation

#include "owner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <brood/errors.hpp>

// What the dispatcher's thread and callers' threads do, one step at a time.
namespace brood::simulation {

namespace {
constexpr std::size_t much = std::size_t{1} << 20;

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
      starts_(environment.parameters.config.workers) {}

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
  Link& link = static_cast<Link&>(*borrowed);
  environment_.say("worker %u is borrowed", link.id);
  ++environment_.census.borrowed;
  link.borrowed_for = call;
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

// As BorrowedWorker::drive.
bool Owner::step_of_caller(Link& link) {
  const bool moved_out = !link.broken && flush(link);
  const Process& process = *link.process;
  if (link.sleeps && !process.caller_is_woken && process.alive() && !link.broken) return moved_out;
  link.sleeps = false;
  link.process->caller_is_woken = false;
  std::exception_ptr error;
  try {
    link.take_wake_ups();
  } catch (const CodecError&) {
    error = std::current_exception();
  }
  const bool told = !link.broken && !error && link.ring.has_unread(link.page());
  if (!told && !error && process.alive() && !link.broken) {
    elsewhere_();
    link.sleeps = scheduler_.mutate(Mutation::sleep_without_asking) ||
                  link.may_sleep(protocol::WakeUp::by_futex);
    return true;
  }
  scheduler_.begin_call();
  const auto over = driver_.read_borrowed(link, *link.borrowed_for, told, error, environment_.now,
                                          environment_.random.between(1, 4096));
  if (!over) return true;
  environment_.say("worker %u is given back", link.id);
  if (link.borrowed_for->finished()) link.borrowed_for->spoil_what_is_borrowed();
  link.borrowed_for.reset();
  news_ = true;
  return true;
}

// --- the dispatcher ---

void Owner::turn() {
  news_ = false;
  scheduler_.begin_call();
  if (scheduler_.mutate(Mutation::borrowed_memory_goes_early)) spoil_what_is_borrowed();
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const seen = link(worker);
    if (seen == nullptr || seen->borrowed) continue;
    watch(*seen);
    if (seen->watched && seen->has_told() &&
        environment_.random.chance(environment_.parameters.notice))
      read(*seen);
    if (seen->borrowed) continue;  // meanwhile
    const bool dead = !seen->process->alive() || scheduler_.mutate(Mutation::see_an_end_too_soon);
    if (dead && environment_.random.chance(environment_.parameters.notice)) driver_.ended(*seen);
    elsewhere_();
  }
  for (WorkerId worker = 0; worker < starts_.size(); ++worker) {
    if (starts_[worker] && *starts_[worker] <= environment_.now) finish_start(worker);
  }
  die_of_signals();
  scheduler_.set_in_turn(true);
  finished_ = driver().turn(environment_.now);
  scheduler_.set_in_turn(false);
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const written = link(worker);
    if (written != nullptr && !written->borrowed && !written->broken) flush(*written);
  }
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

bool Owner::has_work() const {
  if (finished_) return false;
  if (news_) return true;
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    if (starts_[worker] && *starts_[worker] <= environment_.now) return true;
    const Link* const known = link(worker);
    if (known == nullptr || known->borrowed) continue;
    if (!known->process->alive()) return true;
    if (!known->broken && !known->borrowable && (known->has_told() || !known->watched)) return true;
    if (!known->broken && !known->outbox.empty() && known->process->tasks.space() != 0) return true;
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

// As Channels::end_turn.
void Owner::watch(Link& link) {
  const bool watched = !link.borrowable && !link.broken && !link.silent;
  if (std::exchange(link.watched, watched) || !watched) return;
  if (!link.may_sleep(protocol::WakeUp::by_socket)) read(link);
}

// As Channels::read_results.
void Owner::read(Link& link) {
  try {
    link.take_wake_ups();
  } catch (const CodecError&) {
    driver_.unreadable(link, std::current_exception(), environment_.now);
  }
  for (int turn = 0; turn < 8 && read_what_is_there(link); ++turn) {
  }
  elsewhere_();
  link.may_sleep(protocol::WakeUp::by_socket);
  read_what_is_there(link);
  if ((!link.process->alive() || link.broken) && !link.silent)
    driver_.stream_ended(link, environment_.now);
}

// The lock is not held between two reads.
bool Owner::read_what_is_there(Link& link) {
  bool any = false;
  while (!link.broken && link.ring.has_unread(link.page())) {
    any = true;
    const bool partly = environment_.random.chance(environment_.parameters.partial_read);
    driver_.read(link, partly ? environment_.random.between(1, 200) : much, environment_.now);
    unlocked_();
  }
  return any && !link.broken;
}

// True if something was written.
bool Owner::flush(Link& link) {
  bool moved = false;
  while (!link.outbox.empty()) {
    std::array<std::span<const std::byte>, 4> views;
    const std::size_t count = link.outbox.gather(views);
    std::size_t written = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t part =
          link.process->alive() ? link.process->tasks.write(views[i]) : views[i].size();
      written += part;
      if (part != views[i].size()) break;
    }
    if (written == 0) break;
    if (written > 8 && scheduler_.mutate(Mutation::write_bytes_twice)) written -= 8;
    link.outbox.consume(written);
    moved = true;
  }
  return moved;
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
      scheduler_, std::make_unique<Process>(environment_, referee_, worker, next_pid_++),
      environment_.now);
  link->outbox.tail() = Process::setup_of(environment_.parameters);
  referee_.started(*link->process);
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
  if (scheduler_.mutate(Mutation::forget_the_page_of_the_dead)) {
    link.page().closed.store(link.page().tail.load());
    link.page().head.store(link.page().tail.load());
  }
  return pool::Death{};
}

void Owner::log(const pool::WorkerLink&, const protocol::LogRecord& record) noexcept {
  scheduler_.judge([&] {
    if (record.text != log_text) throw Violation("a wrong log record");
  });
  ++environment_.census.logged;
}

void Owner::hang_up(pool::WorkerLink& link) {
  static_cast<Link&>(link).process->tasks.closed = true;
}

}  // namespace brood::simulation

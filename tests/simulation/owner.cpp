#include "owner.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <brood/errors.hpp>
#include "protocol/messages.hpp"
#include "protocol/owner_page.hpp"

// What src/pool/core.cpp and dispatcher.cpp do, without threads and descriptors.
namespace brood::simulation {

using pool::Action;

namespace {
pool::SchedulerConfig config_of(const Parameters& parameters) {
  pool::SchedulerConfig config = parameters.config;
  if (parameters.mutation == Mutation::wait_for_the_deaf) config.answer = Nanoseconds::max();
  return config;
}
constexpr auto grace = std::chrono::milliseconds(500);
constexpr auto shortest_tick = std::chrono::milliseconds(1);
}  // namespace

Owner::Owner(Environment& environment, Referee& referee, std::function<void()> elsewhere,
             std::function<void()> unlocked)
    : environment_(environment),
      referee_(referee),
      elsewhere_(std::move(elsewhere)),
      unlocked_(std::move(unlocked)),
      scheduler_(config_of(environment.parameters)),
      links_(environment.parameters.config.workers),
      starts_(links_.size()) {}

bool Owner::mutate(Mutation mutation) {
  if (environment_.parameters.mutation != mutation) return false;
  if (!environment_.random.chance(0.3)) return false;
  environment_.say("mutation: %s", name_of(mutation));
  return true;
}

JobId Owner::add(const JobPlan& plan, std::size_t count, bool last) {
  const JobId job = scheduler_.add(plan.traits, count, last);
  environment_.say("add %llx: %zu elements%s", static_cast<unsigned long long>(job), count,
                   plan.single() ? ", single"
                   : plan.batch  ? ", batch"
                                 : "");
  referee_.added(job, plan, count, last);
  keep(job, plan);
  if (count == 0) perform(false);
  news_ = true;
  return job;
}

void Owner::extend(JobId job, std::size_t count, bool last) {
  environment_.say("extend %llx by %zu", static_cast<unsigned long long>(job), count);
  referee_.extended(job, count, last);
  scheduler_.extend(job, finished_.contains(job) ? 0 : count, last);
  perform(false);
  news_ = true;
}

void Owner::cancel(JobId job, bool stop_running) {
  environment_.say("cancel %llx%s", static_cast<unsigned long long>(job),
                   stop_running ? " and stop" : "");
  cancelled_ = false;
  scheduler_.cancel(job, Action::all, stop_running, environment_.now);
  perform(false);
  if (!cancelled_) referee_.cancelled(job, false);
  news_ = true;
}

void Owner::cancel(JobId job, std::size_t index, bool stop_running) {
  environment_.say("cancel %llx[%zu]%s", static_cast<unsigned long long>(job), index,
                   stop_running ? " and stop" : "");
  const bool over = referee_.has_outcome(job, index);  // as the caller's own state tells it
  cancelled_ = false;
  if (!over) scheduler_.cancel(job, index, stop_running, environment_.now);
  perform(false);
  if (!cancelled_ && !over && !finished_.contains(job)) referee_.has_last_attempt(job, index);
  news_ = true;
}

void Owner::close() {
  environment_.say("close");
  referee_.closed();
  scheduler_.close(pool::Closing::when_done, environment_.now);
  news_ = true;
}

void Owner::terminate() {
  environment_.say("terminate");
  referee_.terminated();
  scheduler_.close(pool::Closing::terminated, environment_.now);
  perform(false);
  news_ = true;
}

JobId Owner::call(const JobPlan& plan) {
  const JobId job = scheduler_.add(plan.traits, 1, true);
  environment_.say("call %llx", static_cast<unsigned long long>(job));
  referee_.added(job, plan, 1, true);
  keep(job, plan);
  const auto assignment =
      plan.traits.timeout ? std::nullopt : scheduler_.borrow(job, environment_.now);
  if (assignment) {
    Link& link = *links_[assignment->worker];
    environment_.say("worker %u is lent", assignment->worker);
    link.lent = true;
    ++environment_.census.lent;
    link.lent_for = job;
    referee_.sent(*assignment);
    send(*assignment, link);
  }
  news_ = true;
  return job;
}

// As Core::exchange.
bool Owner::step_of_caller(WorkerId worker) {
  Link& link = *links_[worker];
  const auto give_back = [&] {
    link.lent = false;
    scheduler_.give_back(worker);
    environment_.say("worker %u is given back", worker);
    news_ = true;
    return true;
  };
  if (finished_.contains(link.lent_for) || link.broken || scheduler_.view(worker).idle)
    return give_back();
  const std::size_t waiting = link.outbox.size() - link.written;
  flush(link);
  if (!link.process->results.empty()) {
    receive(link, environment_.random.between(1, 4096));
    perform(false);
    return true;
  }
  if (!link.process->alive()) return give_back();
  return link.outbox.size() - link.written != waiting;
}

void Owner::turn() {
  news_ = false;
  for (const auto& link : links_) {
    if (!link || link->lent) continue;
    if (environment_.random.chance(environment_.parameters.notice)) read(*link);
    if (!link->process->alive() && environment_.random.chance(environment_.parameters.notice))
      link->ended = true;
    elsewhere_();
  }
  bury_the_dead();
  for (WorkerId worker = 0; worker < starts_.size(); ++worker) {
    if (starts_[worker] && *starts_[worker] <= environment_.now) finish_start(worker);
  }
  perform(true);
  tick();
  scheduler_.pump(environment_.now);
  elsewhere_();
  perform(true);
  lend_idle_workers();
  kill_the_overdue();
  for (const auto& link : links_) {
    if (link && !link->lent) flush(*link);
  }
}

bool Owner::has_work() const {
  if (news_ || !deferred_.empty()) return true;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (starts_[i] && *starts_[i] <= environment_.now) return true;
    const auto& link = links_[i];
    if (!link || link->lent) continue;
    if (!link->process->alive() || !link->process->results.empty()) return true;
    if (!link->outbox_empty() && link->process->tasks.space() != 0) return true;
    if (link->kill_at != Time{} && link->kill_at <= environment_.now) return true;
  }
  const auto next = scheduler_.next_tick();
  return next && std::max(*next, last_tick_ + shortest_tick) <= environment_.now;
}

std::optional<Time> Owner::next_time() const {
  std::optional<Time> soonest = scheduler_.next_tick();
  if (soonest) soonest = std::max(*soonest, last_tick_ + shortest_tick);
  const auto at = [&soonest](Time time) {
    if (!soonest || time < *soonest) soonest = time;
  };
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (starts_[i]) at(*starts_[i]);
    if (links_[i] && links_[i]->kill_at != Time{}) at(links_[i]->kill_at);
  }
  return soonest;
}

bool Owner::finished() const {
  const pool::PoolView pool = scheduler_.view();
  return pool.closing && pool.drained && pool.all_gone && deferred_.empty();
}

// As Core::answer.
void Owner::answer(const Action& question) {
  if (!links_[question.worker]) return;
  const std::uint64_t begun = question.kind == Action::Kind::revoke
                                  ? revoke(question.worker, question.fence)
                                  : protocol::claimed(links_[question.worker]->process->page());
  scheduler_.answer(question.worker, {begun});
}

std::uint64_t Owner::revoke(WorkerId worker, std::uint64_t fence) {
  Link& link = *links_[worker];
  if (mutate(Mutation::revoke_without_the_page)) {
    const std::uint64_t claimed = protocol::claimed(link.process->page());
    referee_.revoked(*link.process, claimed, fence);
    return claimed;
  }
  std::uint64_t claimed = link.watch.revoke(link.process->page(), fence);
  if (link.watch.doubted()) throw Violation("a sound page is doubted");
  referee_.revoked(*link.process, claimed, fence);
  if (claimed != 0 && mutate(Mutation::revoke_one_too_many)) --claimed;
  return claimed;
}

void Owner::start(WorkerId worker) {
  starts_[worker] = environment_.now;
  if (environment_.parameters.slow_starts) {
    const double delay = environment_.random.spread(1e3, 1e7);
    *starts_[worker] += Nanoseconds(static_cast<Nanoseconds::rep>(delay));
  } else {
    finish_start(worker);
  }
}

void Owner::finish_start(WorkerId worker) {
  starts_[worker].reset();
  const Parameters& parameters = environment_.parameters;
  if (!environment_.calm &&
      (parameters.outage || environment_.random.chance(parameters.start_error))) {
    environment_.say("worker %u cannot be started", worker);
    referee_.start_failed(worker);
    return scheduler_.start_failed(worker, environment_.now);
  }
  environment_.say("worker %u starts", worker);
  links_[worker] =
      std::make_unique<Link>(std::make_unique<Process>(environment_, referee_, worker, next_pid_++),
                             wire::default_frame_limit);
  Process& process = *links_[worker]->process;
  referee_.started(process);
  scheduler_.worker_started(worker, environment_.now);
}

void Owner::stop(Link& link) {
  if (link.kill_at != Time{}) return;
  // SIGTERM may be ignored; SIGKILL is not.
  const bool obeys = environment_.random.chance(0.7);
  link.kill_at = environment_.now + (obeys ? Nanoseconds(environment_.random.between(0, 100'000))
                                           : Nanoseconds(grace));
}

void Owner::kill_the_overdue() {
  for (const auto& link : links_) {
    if (!link || link->kill_at == Time{} || environment_.now < link->kill_at) continue;
    link->kill_at = environment_.now + grace;
    link->process->kill();
  }
}

// Results that wait behind a long element, elements that have run for too long.
void Owner::tick() {
  const std::optional<Time> due = scheduler_.next_tick();
  if (!due || *due > environment_.now || environment_.now - last_tick_ < shortest_tick) return;
  last_tick_ = environment_.now;
  std::vector<pool::Running> running;
  for (const auto& link : links_) {
    if (!link || link->lent || scheduler_.view(link->process->slot).idle) continue;
    if (link->broken) continue;
    try {
      look(*link, running);
    } catch (const Error& error) {
      broken(*link, error.what());
    }
  }
  scheduler_.tick(environment_.now, running);
  perform(true);
}

// As Core::look. What is claimed while the clock is read is not to be seen.
void Owner::look(Link& link, std::vector<pool::Running>& running) {
  harvest(link);
  elsewhere_();
  Process& process = *link.process;
  const protocol::PageWatch::Look seen = link.watch.look(process.page(), known(link));
  elsewhere_();
  const Time since{Nanoseconds(process.page().clock.load())};
  running.push_back({process.slot, seen.claimed, since});
}

protocol::PageWatch::Known Owner::known(const Link& link) const {
  return {link.stream.resolved(), scheduler_.view(link.process->slot).sent};
}

// An idle worker's pipe is not watched, so that it can be lent.
void Owner::lend_idle_workers() {
  for (const auto& link : links_) {
    if (!link || link->lent) continue;
    const WorkerId worker = link->process->slot;
    scheduler_.set_borrowable(worker, scheduler_.view(worker).free && link->outbox_empty());
  }
}

}  // namespace brood::simulation

#include <utility>

#include "owner.hpp"

// The processes that the dispatcher has: how they start, are looked at, and end.
namespace brood::simulation {

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
    const bool lacks = environment_.random.chance(parameters.lack);
    environment_.census.lacks += lacks;
    return driver().start_failed(worker, nullptr,
                                 lacks ? pool::StartFailure::lack : pool::StartFailure::other,
                                 environment_.now);
  }
  admit(worker);
}

void Owner::admit(WorkerId worker) {
  environment_.say("worker %u starts", worker);
  auto link = std::make_unique<Link>(
      environment_, scheduler_,
      std::make_unique<Process>(environment_, referee_, worker, next_pid_++), elsewhere_);
  link->outbox.tail() = Process::setup_of(environment_.parameters);
  link->write();
  referee_.started(*link->process);
  reactor_.open(*link);
  driver().started(std::move(link), environment_.now);
}

// SIGTERM may be ignored; SIGKILL is not. But the system may refuse both, or a server not send
// them.
pool::SignalResult Owner::signal(pool::WorkerLink& worker, pool::StopSignal signal) noexcept {
  Link& link = static_cast<Link&>(worker);
  if (!link.process->alive()) return pool::SignalResult::gone;
  if (!link.signals) link.signals = draw_answer();
  if (*link.signals != pool::SignalResult::sent) {
    scheduler_.judge([&] { referee_.cannot_be_ended(*link.process); });
    return *link.signals;
  }
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

pool::SignalResult Owner::draw_answer() noexcept {
  Random& random = environment_.random;
  if (environment_.calm || !random.chance(environment_.parameters.unstoppable))
    return pool::SignalResult::sent;
  ++environment_.census.left_alone;
  return random.chance(0.5) ? pool::SignalResult::refused : pool::SignalResult::asked;
}

// The workers get on meanwhile: one that sees the revocation first decides what it covers.
bool Owner::order_workers_memory() noexcept {
  const auto undecided = [this] {
    std::uint64_t count = 0;
    for (WorkerId worker = 0; worker < slots(); ++worker) {
      const Link* const known = link(worker);
      count += known != nullptr && known->page().revocation.load() == protocol::WorkerPage::asked;
    }
    return count;
  };
  const std::uint64_t before = undecided();
  scheduler_.judge([this] { elsewhere_(); });
  environment_.census.decided_by_workers += before - undecided();
  return true;
}

bool Owner::table_is_full() noexcept {
  const bool full = environment_.random.chance(environment_.parameters.full_table);
  environment_.census.full_tables += full;
  return full;
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

// As pool::ResidentGuard, but less often, and that one that is ready never has too much memory.
void Owner::look_at_processes() {
  if (!environment_.parameters.watched) return;
  const bool is_due = environment_.now >= next_look_;
  if (is_due) next_look_ = environment_.now + between_looks;
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const seen = link(worker);
    if (seen == nullptr || !driver().is_watched(*seen)) continue;
    if (!driver().view(worker).came_up && !environment_.calm &&
        environment_.random.chance(environment_.parameters.oversize)) {
      ++environment_.census.oversized;
      driver().observed(*seen, {.resident = memory_limit + 1, .main_thread_ended = false},
                        environment_.now);
    } else if (is_due && seen->process->has_no_main_thread()) {
      see_no_main_thread(*seen);
    }
  }
}

void Owner::see_no_main_thread(Link& seen) {
  Link* blamed = &seen;
  Link* const next = link((seen.id + 1) % static_cast<WorkerId>(slots()));
  if (next != nullptr && scheduler_.mutate(Mutation::stop_another_worker)) blamed = next;
  driver().observed(*blamed, {.resident = 0, .main_thread_ended = true}, environment_.now);
}

}  // namespace brood::simulation

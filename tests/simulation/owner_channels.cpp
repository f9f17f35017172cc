#include <algorithm>
#include <vector>

#include "owner.hpp"
#include "protocol/messages.hpp"

// What the dispatcher's thread and callers' threads wait for, and what they are kept from.
namespace brood::simulation {

namespace {
constexpr std::size_t much = std::size_t{1} << 20;
}

bool Owner::step_of_caller(WorkerId worker) {
  Caller* const caller = callers_[worker].get();
  if (caller == nullptr || !caller->runnable()) return false;
  caller->run();
  if (!caller->is_over()) return true;
  news_ |= caller->has_left_work();
  callers_[worker].reset();
  return true;
}

bool Owner::is_driven() const {
  return std::any_of(callers_.begin(), callers_.end(),
                     [](const auto& caller) { return caller != nullptr; });
}

// --- wake-ups, whichever side waits ---

void Owner::check_sleepers() const {
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    const Link* const known = link(worker);
    if (known == nullptr) continue;
    if (known->process->sleeps_too_long()) throw Violation("a worker is not woken");
    if (sleeps_too_long(*known)) throw Violation("an owner is not woken");
  }
}

// A worker that sleeps for tasks has told all, but for what it does beside a frame that it reads;
// and nothing of the owner's may wait for room then.
bool Owner::sleeps_too_long(const Link& link) const {
  const Process& process = *link.process;
  const Caller* const caller = callers_[link.id].get();
  const bool caller_sleeps = caller != nullptr && caller->sleeps();
  if (!process.alive()) return caller_sleeps && link.ended;
  const bool dispatcher_sleeps =
      link.watched && !process.has_hung_up() && !link.broken && process.reports.empty();
  if ((!caller_sleeps && !dispatcher_sleeps) || !process.waits_for_tasks()) return false;
  if (link.has_unread() && !process.is_within_a_frame()) return true;
  if (link.outbox.empty() || is_terminated()) return false;
  return caller_sleeps || link.was_full();
}

// --- the dispatcher's loop ---

bool Owner::notices() { return environment_.random.chance(environment_.parameters.notice); }

void Owner::look_for_events() {
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const seen = link(worker);
    if (seen == nullptr) continue;
    if (seen->watched && seen->has_told() && notices()) take_wake_up(*seen);
    if (seen->waits_for_room && notices()) {
      seen->waits_for_room = false;
      reactor_.on_room(worker);
    }
    if (seen->has_hung_up() && !seen->saw_hang_up && notices()) take_hang_up(*seen);
    const bool dead = !seen->process->alive() || scheduler_.mutate(Mutation::see_an_end_too_soon);
    if (dead && !seen->ended && notices()) reactor_.on_ended(worker);
    elsewhere_();
  }
}

void Owner::take_wake_up(Link& link) {
  link.watched = false;
  reactor_.on_wake_up(link.id);
}

void Owner::take_hang_up(Link& link) {
  link.saw_hang_up = true;
  environment_.census.hung_up_driven += link.process->alive() && callers_[link.id] != nullptr;
  // All of them: few matter.
  if (environment_.parameters.mutation == Mutation::ignore_a_hang_up) return;
  reactor_.on_hang_up(link.id);
}

void Owner::unwatch(pool::WorkerLink& link) {
  link_of(link).watched = link_of(link).waits_for_room = false;
}

// Perhaps less than there is. The lock is not held between two reads.
std::size_t Owner::read(pool::WorkerLink& link) {
  if (scheduler_.mutate(Mutation::give_room_early)) give_room_early(link_of(link));
  const bool partly = environment_.random.chance(environment_.parameters.partial_read);
  const std::size_t most = partly ? environment_.random.between(1, 200) : much;
  driver().read(link, most, environment_.now);
  unlocked_();
  return most;
}

void Owner::give_room_early(Link& link) {
  protocol::WorkerPage& page = link.page();
  page.tail.store(std::min(page.tail.load() + 64, page.closed.load()));
  link.give_room();
  link.let_it_run();
}

void Owner::unreadable(pool::WorkerLink& link, const std::exception_ptr& error) {
  driver().unreadable(link, error, environment_.now);
}

void Owner::hung_up(pool::WorkerLink& link) {
  environment_.say("the owner sees that worker %u has hung up", link.id);
  if (!link.ended) referee_.hung_up(*link_of(link).process);
  driver().hung_up(link, environment_.now);
}

// A worker gets so much that its ring is full but for a little.
std::optional<WorkerId> Owner::age_one() {
  Link* const known = link(static_cast<WorkerId>(environment_.random.below(slots())));
  if (!environment_.random.chance(0.02) || known == nullptr) return std::nullopt;
  if (known->borrowed || known->broken || known->youth() == 0) return std::nullopt;
  const std::vector<std::byte> nothing(known->youth());
  protocol::append_message(known->outbox.tail(), protocol::Type::wake, std::span(nothing));
  driver().read(*known, 0, environment_.now);  // the driver is told that something has changed
  return known->id;
}

// Meanwhile nothing else happens.
void Owner::let_it_age(WorkerId worker) {
  Link* const old = link(worker);
  while (old != nullptr && old->process->alive() && !old->outbox.empty()) {
    for (int i = 0; i < 100 && old->process->alive() && old->process->runnable(); ++i)
      old->process->run();
    if (!old->watched || !old->has_told()) return;
    take_wake_up(*old);
  }
}

}  // namespace brood::simulation

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "owner.hpp"
#include "protocol/messages.hpp"

// What the dispatcher's thread and callers' threads do with what goes between them and workers, one
// step at a time.
namespace brood::simulation {

using protocol::WakeUp;
using Stop = Link::Stop;

namespace {
constexpr std::size_t much = std::size_t{1} << 20;
}

// --- a caller, as pool::BorrowedWorker ---

// As drive(), until its next sleep.
bool Owner::step_of_caller(Link& link) {
  if (link.sleeps && !link.process->caller_is_woken) return false;
  std::exception_ptr error;
  std::optional<bool> told = false;
  try {
    if (!link.broken) told = exchange(link);
  } catch (const CodecError&) {
    error = std::current_exception();
    told = false;
  }
  if (!told) return true;
  scheduler_.begin_call();
  using News = pool::Borrowing::News;
  const auto over =
      driver().borrowing().read(link, *link.borrowed_for, *told ? News::written : News::none, error,
                                environment_.now, environment_.random.between(1, 4096));
  if (!over) return true;
  environment_.say("worker %u is given back", link.id);
  if (link.borrowed_for->finished()) link.borrowed_for->spoil_what_is_borrowed();
  link.borrowed_for.reset();
  news_ = true;
  return true;
}

// One round of it; nothing while it sleeps, or is to go on.
std::optional<bool> Owner::exchange(Link& link) {
  if (!std::exchange(link.sleeps, false)) {
    const Stop stop = link.send();
    environment_.census.blocked_callers += stop == Stop::ring_full;
    if (stop == Stop::refused) return false;
    wait_for_news(link);
    if (link.sleeps) return std::nullopt;
  }
  if (link.has_unread()) return true;
  if (link.ended || link.left) return false;
  return std::nullopt;
}

// With WorkerProcess::sleep_until, but for a deadline: without it a lost wake-up is seen.
void Owner::wait_for_news(Link& link) {
  if (link.has_news() && !link.has_unread() && link.outbox.empty())
    throw Violation("room is news for an owner that has nothing to write");
  if (environment_.random.chance(0.5) && link.has_news()) return;
  elsewhere_();
  if (scheduler_.mutate(Mutation::sleep_without_asking)) {
    link.sleeps = true;
  } else {
    const bool may_sleep = link.may_sleep(WakeUp::by_futex);
    if ((!may_sleep && !scheduler_.mutate(Mutation::sleep_without_looking)) || link.ended) return;
    elsewhere_();
    link.sleeps = link.page().owner_waits.load() == static_cast<std::uint32_t>(WakeUp::by_futex);
  }
  link.process->caller_is_woken = false;
}

// --- wake-ups, whoever waits ---

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
bool Owner::sleeps_too_long(const Link& link) {
  pool::no_other_thread_knows();
  const Process& process = *link.process;
  const bool caller_sleeps = link.borrowed && link.sleeps && !process.caller_is_woken;
  if (!process.alive()) return caller_sleeps && link.ended;
  const bool dispatcher_sleeps = link.watched && !link.broken && process.reports.empty();
  if ((!caller_sleeps && !dispatcher_sleeps) || !process.waits_for_tasks()) return false;
  if (link.has_unread() && !process.is_within_a_frame()) return true;
  return caller_sleeps ? !link.outbox.empty() : link.stopped_by == Stop::ring_full;
}

// --- the dispatcher, as pool::Channels ---

bool Owner::notices() { return environment_.random.chance(environment_.parameters.notice); }

void Owner::on_wake_up(Link& link) {
  const bool more = receive_wake_ups(link);
  read_results(link);
  if (link.stopped_by == Stop::ring_full && !scheduler_.mutate(Mutation::forget_a_full_ring))
    go_on(link);
  if (more && !link.broken) return;
  link.watched = false;
  driver().stream_ended(link, environment_.now);
}

bool Owner::receive_wake_ups(Link& link) try {
  return link.receive_wake_ups();
} catch (const CodecError&) {
  driver().unreadable(link, std::current_exception(), environment_.now);
  return false;
}

void Owner::read_results(Link& link) {
  for (int turn = 0; turn < 8 && read_what_is_there(link); ++turn) {
  }
  elsewhere_();
  link.may_sleep(WakeUp::by_socket);
  if (!scheduler_.mutate(Mutation::sleep_without_looking)) read_what_is_there(link);
}

// The lock is not held between two reads.
bool Owner::read_what_is_there(Link& link) {
  bool any = false;
  while (!link.broken && link.has_unread()) {
    any = true;
    if (scheduler_.mutate(Mutation::give_room_early)) {
      protocol::WorkerPage& page = link.page();
      page.tail.store(std::min(page.tail.load() + 64, page.closed.load()));
      link.give_room();
      link.let_it_run();
    }
    const bool partly = environment_.random.chance(environment_.parameters.partial_read);
    driver().read(link, partly ? environment_.random.between(1, 200) : much, environment_.now);
    unlocked_();
  }
  return any && !link.broken;
}

void Owner::on_ended(Link& link) {
  driver().ended(link);
  if (link.borrowed) link.wake_caller();
}

// With flush().
void Owner::end_turn() {
  std::vector<Link*> unwritten, unread;
  for (WorkerId worker = 0; worker < slots(); ++worker) {
    Link* const known = link(worker);
    if (known == nullptr || known->borrowed) continue;
    if (!known->outbox.empty() && known->stopped_by == Stop::none) unwritten.push_back(known);
    if (known->borrowable) {
      known->watched = false;
    } else if (!known->watched && !known->broken && !known->silent) {
      known->watched = true;
      if (!known->may_sleep(WakeUp::by_socket)) unread.push_back(known);
    }
  }
  unlocked_();
  for (Link* const written : unwritten) news_ |= !flush(*written);
  for (Link* const known : unread) {
    if (known->borrowable) continue;
    read_results(*known);
    news_ = true;
  }
}

void Owner::go_on(Link& link) {
  link.stopped_by = Stop::none;
  flush(link);
}

// A worker gets so much that its ring is full but for a little.
std::optional<WorkerId> Owner::age_one() {
  Link* const known = link(static_cast<WorkerId>(environment_.random.below(slots())));
  if (!environment_.random.chance(0.02) || known == nullptr) return std::nullopt;
  if (known->borrowed || known->broken || known->youth() == 0) return std::nullopt;
  const std::vector<std::byte> nothing(known->youth());
  protocol::append_message(known->outbox.tail(), protocol::Type::wake, std::span(nothing));
  return known->id;
}

// And nobody does anything else.
void Owner::let_it_age(WorkerId worker) {
  Link* const old = link(worker);
  while (old != nullptr && old->process->alive() && !old->outbox.empty()) {
    for (int i = 0; i < 100 && old->process->alive() && old->process->runnable(); ++i)
      old->process->run();
    if (!old->watched || !old->has_told()) return;
    on_wake_up(*old);
  }
}

// False where the driver has been told something.
bool Owner::flush(Link& link) {
  if (link.broken) return true;
  try {
    link.stopped_by = link.send();
  } catch (const CodecError&) {
    driver().unreadable(link, std::current_exception(), environment_.now);
    link.stopped_by = Stop::refused;
  }
  return link.stopped_by != Stop::refused;
}

}  // namespace brood::simulation

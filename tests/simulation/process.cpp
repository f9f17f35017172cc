#include "process.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "protocol/messages.hpp"
#include "referee.hpp"
#include "wire/code_ref.hpp"

// The process around the session: what the system does to it, and what it may do wrong.
namespace brood::simulation {

using protocol::Type;
using protocol::WorkerWait;

Process* Process::running_ = nullptr;

namespace {

// Mappings are costly, and only the words must be clean.
std::vector<platform::SharedMapping>& spare_memory() {
  static std::vector<platform::SharedMapping> memory;
  return memory;
}

platform::SharedMapping some_memory() {
  if (spare_memory().empty())
    return platform::SharedMapping::create(
        "simulated", protocol::page_size,
        {protocol::WorkerPage::buffer_size, protocol::rings_in_page});
  platform::SharedMapping memory = std::move(spare_memory().back());
  spare_memory().pop_back();
  return memory;
}

platform::SharedMapping clean_memory() {
  platform::SharedMapping memory = some_memory();
  auto& page = *static_cast<protocol::WorkerPage*>(memory.data());
  for (auto* word : {&page.claimed, &page.fence, &page.clock, &page.head, &page.closed, &page.tail,
                     &page.task_head, &page.task_tail, &page.stoppable, &page.stop_requested})
    word->store(0);
  for (auto* word : {&page.owner_waits, &page.worker_waits, &page.owner_blocked,
                     &page.no_more_tasks, &page.stop_requests})
    word->store(0);
  page.revocation.store(protocol::WorkerPage::not_revoked);
  page.barrier_by_owner.store(1);
  return memory;
}

constexpr std::uint64_t resident_limit = 1000;

}  // namespace

Process::Process(Environment& environment, Referee& referee, WorkerId worker, std::uint64_t number)
    : slot(worker),
      pid(number),
      environment_(environment),
      referee_(referee),
      memory_(clean_memory()),
      fiber_([this] { body(); }) {}

Process::~Process() {
  kill();
  spare_memory().push_back(std::move(memory_));
}

detail::Bytes Process::setup_of(const Parameters& parameters) {
  protocol::WorkerSetup setup;
  setup.preparation.build = wire::program_build_id();
  if (parameters.exhausted != 0) setup.limits.resident = resident_limit;
  detail::Bytes encoded;
  protocol::encode_setup(encoded, setup);
  return encoded;
}

bool Process::runnable() const {
  if (deaf_) return false;
  switch (wait_) {
    case Wait::none:
      return true;
    case Wait::wake_up:
      return is_woken;
    case Wait::sleeping:
      break;
  }
  return wakes_at_ <= environment_.now;
}

bool Process::waits_for_tasks() const {
  return alive_ && !deaf_ && wait_ == Wait::wake_up && !is_woken &&
         page().worker_waits.load() == static_cast<std::uint32_t>(WorkerWait::for_tasks);
}

bool Process::sleeps_too_long() const {
  if (!alive_ || deaf_ || wait_ != Wait::wake_up || is_woken) return false;
  switch (static_cast<WorkerWait>(page().worker_waits.load())) {
    case WorkerWait::none:
      return true;
    case WorkerWait::for_tasks:
      return page().task_head.load() != slept_from_ || page().no_more_tasks.load() != 0;
    case WorkerWait::for_room:
      break;
  }
  return page().tail.load() != slept_from_;
}

void Process::resume() {
  running_ = this;
  fiber_.resume();
  running_ = nullptr;
}

void Process::run() {
  ++runs;
  resume();
  if (fiber_.ended()) alive_ = false;
}

void Process::kill() {
  if (!alive_) return;
  alive_ = false;
  dying_ = true;
  if (fiber_.begun() && !fiber_.ended()) resume();
}

// What it has written and claimed when it is killed stays as it is.
void Process::body() {
  const Parameters& parameters = environment_.parameters;
  try {
    pass(environment_.random.spread(1e3, 1e6));
    if (!environment_.calm && environment_.random.chance(parameters.start_death)) return;
    worker::Session session(*this, page(),
                            {.tasks = {.ring = parameters.task_capacity,
                                       .collected = 1024,
                                       .large_frame = parameters.large_frame},
                             .results = parameters.result_capacity});
    session_ = &session;
    start_up(session);
    session.serve();
    see_what_is_read();
    check_what_it_knows();
    session.results().flush();
    referee_.left(*this);
  } catch (const Killed&) {
  } catch (const Violation& violation) {
    referee_.note(violation);
  } catch (const std::exception& error) {
    referee_.note(Violation(std::string("an exception ends the session: ") + error.what()));
  }
}

// As src/worker/worker.cpp.
void Process::start_up(worker::Session& session) {
  const Parameters& parameters = environment_.parameters;
  session.greet();
  maybe_pause();
  if (!environment_.calm && environment_.random.chance(parameters.initializer_error)) {
    session.fail_to_start(Type::start_failed, {});
    throw Killed();
  }
  if (!environment_.calm && environment_.random.chance(parameters.start_death))
    pass(1e12);  // an initializer that hangs
  session.ready();
}

// It has done all that it was told before, and is told more.
bool Process::look(const std::atomic<std::uint64_t>& word, std::uint64_t value) {
  see_what_is_read();
  check_what_it_knows();
  maybe_become_deaf();
  maybe_pause();
  change_the_page();
  return word.load() != value;
}

void Process::maybe_become_deaf() {
  if (!environment_.calm && referee_.has_only_a_revocation(*this) &&
      environment_.random.chance(environment_.parameters.deaf))
    be_deaf();
}

// A job that is to be forgotten may be told of in the frame that is in use.
void Process::drop_descriptors(std::uint64_t job) {
  see_what_is_read();
  if (!to_forget_.contains(job) && !tasks_.empty()) see_next();
  handles_.erase(job);
  if (to_forget_.erase(job) != 1) throw Violation("a job is forgotten that may come again");
}

// The functions of the jobs that have been defined and not forgotten, and of one that came with its
// elements.
void Process::check_what_it_knows() const {
  if (!to_forget_.empty()) throw Violation("a job is not forgotten that is over");
  const auto others = std::count_if(functions_.begin(), functions_.end(),
                                    [this](JobId job) { return !defined_.contains(job); });
  if (others > 1) throw Violation("the function of a job that is over is kept");
}

// As one that is stopped where it has told all but that it has seen a revocation: until it is
// killed.
void Process::be_deaf() {
  for (int i = 0; i < 50 && !is_heard(); ++i) pause(Wait::none);
  if (environment_.calm || !is_heard() || !referee_.has_only_a_revocation(*this)) return;
  environment_.say("worker %u is deaf", slot);
  ++environment_.census.deaf;
  deaf_ = true;
  pause(Wait::none);
}

// As long as there is room.
bool Process::send_descriptor(std::uint64_t, const detail::DescriptorRef&) {
  if (waiting_descriptors >= 3 || environment_.random.chance(0.2)) return false;
  ++waiting_descriptors;
  ++environment_.census.attached;
  return true;
}

std::uint64_t Process::resident() {
  const bool above =
      !environment_.calm && environment_.random.chance(environment_.parameters.exhausted);
  if (above) referee_.exhausted(*this);
  return above ? resident_limit + 1 : resident_limit;
}

std::chrono::steady_clock::time_point Process::now() {
  if (session_ != nullptr) {
    maybe_pause();
    close_too_early();
    store_the_head_first();
    if (environment_.random.chance(environment_.parameters.torn)) show_the_torn_end();
  }
  return stamped_ = environment_.now;
}

void Process::end(int code) {
  if (code != worker::exit_orphaned && code != worker::exit_thread_ended)
    throw Violation("the session refuses what it was sent: exit code " + std::to_string(code));
  throw Killed();
}

void Process::wake_owner() {
  maybe_pause();
  if (mutate(Mutation::worker_loses_a_wake_up)) return;
  if (!hung_up_) reports.push_back(protocol::wake_up);
  maybe_pause();
}

void Process::wake(std::atomic<std::uint32_t>&) {
  maybe_pause();
  if (mutate(Mutation::worker_loses_a_wake_up)) return;
  caller_is_woken = true;
  maybe_pause();
}

// As a futex: it looks at the word once, and then only a wake-up helps, or a signal, as here and
// there at once.
void Process::sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  const bool for_room = value == static_cast<std::uint32_t>(WorkerWait::for_room);
  const bool is_old = page().closed.load() > environment_.parameters.old_results;
  if (!for_room || is_old)
    ++(for_room ? environment_.census.full_rings : environment_.census.slept);
  if (for_room && !is_heard() && mutate(Mutation::worker_overwrites_what_is_unread))
    *page().at(page().tail.load()) ^= std::byte{0xff};
  maybe_pause();
  if (environment_.random.chance(0.05)) return;
  if (for_room && !environment_.calm &&
      environment_.random.chance(environment_.parameters.blocked_death))
    throw Killed();
  is_woken = false;
  slept_from_ = for_room ? page().tail.load() : page().task_head.load();
  if (word.load() == value || mutate(Mutation::worker_sleeps_without_looking)) pause(Wait::wake_up);
  if (for_room) return;
  maybe_become_deaf();
  maybe_pause();
  change_the_page();
}

// The first store of ResultStream::publish() has happened, the second has not.
void Process::show_the_torn_end() {
  const std::uint64_t head = page().head.load();
  if (head != page().closed.load() || head <= page().tail.load()) return;
  ++environment_.census.torn_ends;
  page().head.store(environment_.random.between(page().tail.load(), head));
  pause(Wait::none);
  page().head.store(head);
}

void Process::pause(Wait wait) {
  spoil_what_was_read();
  wait_ = wait;
  fiber_.pause();
  if (dying_) throw Killed();
  wait_ = Wait::none;
}

void Process::maybe_pause() {
  forget_the_owner();
  if (environment_.random.chance(environment_.parameters.pause)) pause(Wait::none);
}

void Process::pass(double nanoseconds) {
  wakes_at_ = environment_.now + Nanoseconds(static_cast<Nanoseconds::rep>(nanoseconds));
  pause(Wait::sleeping);
}

}  // namespace brood::simulation

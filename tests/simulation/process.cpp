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

Process* Process::running_ = nullptr;

namespace {

// Mappings are costly, and only the words must be clean.
std::vector<platform::SharedMapping>& spare_memory() {
  static std::vector<platform::SharedMapping> memory;
  return memory;
}

platform::SharedMapping clean_memory() {
  using protocol::WorkerPage;
  if (spare_memory().empty())
    return platform::SharedMapping::create("simulated", sizeof(WorkerPage),
                                           WorkerPage::buffer_size);
  platform::SharedMapping memory = std::move(spare_memory().back());
  spare_memory().pop_back();
  auto& page = *static_cast<WorkerPage*>(memory.data());
  for (auto* word : {&page.claimed, &page.fence, &page.clock, &page.head, &page.closed, &page.tail})
    word->store(0);
  for (auto* word : {&page.owner_waits, &page.worker_waits, &page.room}) word->store(0);
  return memory;
}

constexpr std::uint64_t resident_limit = 1000;

}  // namespace

Process::Process(Environment& environment, Referee& referee, WorkerId worker, std::uint64_t number)
    : slot(worker),
      pid(number),
      tasks(environment.parameters.task_capacity),
      environment_(environment),
      referee_(referee),
      memory_(clean_memory()),
      fiber_([this] { body(); }) {}

Process::~Process() {
  kill();
  spare_memory().push_back(std::move(memory_));
}

detail::Bytes Process::setup_of(const Parameters& parameters) {
  protocol::Setup setup;
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
    case Wait::reading:
      return !tasks.empty() || tasks.closed;
    case Wait::room:
      return page().room.load() != room_seen_;
    case Wait::sleeping:
      break;
  }
  return wakes_at_ <= environment_.now;
}

void Process::resume() {
  running_ = this;
  fiber_.resume();
  running_ = nullptr;
}

void Process::run() {
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
                            {.input = 1024,
                             .large_frame = parameters.large_frame,
                             .results = parameters.result_capacity});
    session_ = &session;
    start_up(session);
    session.serve();
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
std::size_t Process::read(std::span<std::byte> target) {
  check_what_it_knows();
  if (environment_.random.chance(environment_.parameters.partial_read))
    target = target.first(environment_.random.between(1, target.size()));
  if (environment_.parameters.mutation == Mutation::worker_ignores_a_forget ||
      environment_.parameters.mutation == Mutation::worker_forgets_too_early)
    return read_changed(target);
  wait_for_input();
  const std::size_t count = tasks.read(target);
  see(target.first(count));
  maybe_pause();
  change_the_page();
  return count;
}

void Process::wait_for_input() {
  while (tasks.empty() && !tasks.closed) pause(Wait::reading);
  if (!environment_.calm && referee_.has_only_a_revocation(*this) &&
      environment_.random.chance(environment_.parameters.deaf))
    be_deaf();
}

void Process::see(std::span<const std::byte> bytes) {
  seen_.feed(bytes);
  while (const auto frame = seen_.next()) note(*frame);
}

void Process::note(const wire::Frame& frame) {
  std::span<const std::byte> payload = frame.payload;
  if (static_cast<Type>(frame.type) == Type::define) {
    defined_.insert(protocol::take_header<protocol::DefineHeader>(payload).job);
  } else if (static_cast<Type>(frame.type) == Type::forget) {
    const JobId job = protocol::take_header<protocol::ForgetHeader>(payload).job;
    defined_.erase(job);
    to_forget_.insert(job);
  }
}

void Process::drop_descriptors(std::uint64_t job) {
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
  return environment_.now;
}

void Process::end(int code) {
  if (code != worker::exit_orphaned && code != worker::exit_thread_ended)
    throw Violation("the session refuses what it was sent: exit code " + std::to_string(code));
  throw Killed();
}

void Process::wake_owner() {
  maybe_pause();
  if (mutate(Mutation::worker_loses_a_wake_up)) return;
  ++wake_ups;
  maybe_pause();
}

void Process::wake(std::atomic<std::uint32_t>&) {
  maybe_pause();
  if (mutate(Mutation::worker_loses_a_wake_up)) return;
  caller_is_woken = true;
  maybe_pause();
}

void Process::sleep(const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  ++environment_.census.full_rings;
  if (!is_heard() && mutate(Mutation::worker_overwrites_what_is_unread))
    *page().at(page().tail.load()) ^= std::byte{0xff};
  maybe_pause();
  room_seen_ = value;
  if (word.load() == value) pause(Wait::room);
}

// The first store of ResultStream::publish() has happened, the second has not.
void Process::show_the_torn_end() {
  if (page().head.load() != page().closed.load() || is_heard()) return;
  ++environment_.census.torn_ends;
  const std::uint64_t head = page().head.load();
  page().head.store(environment_.random.between(page().tail.load(), head));
  pause(Wait::none);
  page().head.store(head);
}

void Process::pause(Wait wait) {
  wait_ = wait;
  fiber_.pause();
  if (dying_) throw Killed();
  wait_ = Wait::none;
}

void Process::maybe_pause() {
  if (environment_.random.chance(environment_.parameters.pause)) pause(Wait::none);
}

void Process::pass(double nanoseconds) {
  wakes_at_ = environment_.now + Nanoseconds(static_cast<Nanoseconds::rep>(nanoseconds));
  pause(Wait::sleeping);
}

}  // namespace brood::simulation

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

// Pages are large, and only their words must be clean.
std::vector<std::unique_ptr<protocol::WorkerPage>>& spare_pages() {
  static std::vector<std::unique_ptr<protocol::WorkerPage>> pages;
  return pages;
}

std::unique_ptr<protocol::WorkerPage> clean_page() {
  if (spare_pages().empty()) return std::make_unique<protocol::WorkerPage>();
  std::unique_ptr<protocol::WorkerPage> page = std::move(spare_pages().back());
  spare_pages().pop_back();
  for (auto* word :
       {&page->claimed, &page->fence, &page->clock, &page->head, &page->base, &page->open})
    word->store(0);
  return page;
}

constexpr std::uint64_t resident_limit = 1000;

}  // namespace

Process::Process(Environment& environment, Referee& referee, WorkerId worker, std::uint64_t number)
    : slot(worker),
      pid(number),
      tasks(environment.parameters.task_capacity),
      results(environment.parameters.result_capacity),
      environment_(environment),
      referee_(referee),
      page_(clean_page()),
      fiber_([this] { body(); }) {}

Process::~Process() {
  kill();
  spare_pages().push_back(std::move(page_));
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
    case Wait::writing:
      return results.space() != 0;
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
  if (fiber_.ended()) {
    alive_ = false;
    results.closed = true;
  }
}

void Process::kill() {
  if (!alive_) return;
  alive_ = false;
  results.closed = true;
  dying_ = true;
  if (fiber_.begun() && !fiber_.ended()) resume();
}

// What it has written and claimed when it is killed stays as it is.
void Process::body() {
  const Parameters& parameters = environment_.parameters;
  try {
    sleep(environment_.random.spread(1e3, 1e6));
    if (!environment_.calm && environment_.random.chance(parameters.start_death)) return;
    worker::Session session(*this, *page_, {.input = 1024, .large_frame = parameters.large_frame});
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
    sleep(1e12);  // an initializer that hangs
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
  for (int i = 0; i < 50 && !results.empty(); ++i) pause(Wait::none);
  if (environment_.calm || !results.empty() || !referee_.has_only_a_revocation(*this)) return;
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
  if (session_ != nullptr) maybe_pause();
  return environment_.now;
}

void Process::end(int code) {
  if (code != worker::exit_orphaned && code != worker::exit_thread_ended)
    throw Violation("the session refuses what it was sent: exit code " + std::to_string(code));
  throw Killed();
}

void Process::write(std::span<const std::byte> bytes) {
  const bool flush = bytes.data() == page_->buffer;
  if (flush && mutate(Mutation::worker_loses_a_flush)) return;
  write_part_by_part(bytes);
  if (flush && mutate(Mutation::worker_repeats_a_flush)) write_part_by_part(bytes);
  maybe_pause();
  if (flush && environment_.random.chance(environment_.parameters.torn)) show_the_torn_flush();
}

void Process::write_part_by_part(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    auto part = bytes;
    if (environment_.random.chance(environment_.parameters.pause))
      part = part.first(environment_.random.between(1, part.size()));
    const std::size_t written = results.write(part);
    bytes = bytes.subspan(written);
    environment_.census.partial_writes += !bytes.empty();
    if (!bytes.empty()) pause(results.space() == 0 ? Wait::writing : Wait::none);
  }
}

// The first store of ResultStream::flush() has happened, the second has not.
void Process::show_the_torn_flush() {
  ++environment_.census.torn_flushes;
  const std::uint64_t head = page_->head.load();
  if (mutate(Mutation::worker_moves_the_base_first)) {
    page_->base.fetch_add(head);
    pause(Wait::none);
    page_->base.fetch_sub(head);
    return;
  }
  page_->head.store(0);
  pause(Wait::none);
  page_->head.store(head);
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

void Process::sleep(double nanoseconds) {
  wakes_at_ = environment_.now + Nanoseconds(static_cast<Nanoseconds::rep>(nanoseconds));
  pause(Wait::sleeping);
}

}  // namespace brood::simulation

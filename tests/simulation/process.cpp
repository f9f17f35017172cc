#include "process.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "protocol/messages.hpp"
#include "referee.hpp"
#include "worker/run_access.hpp"

namespace brood::simulation {

using protocol::Type;

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

struct TaskFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

Process::Process(Environment& environment, Referee& referee, WorkerId worker, std::uint64_t number)
    : slot(worker),
      pid(number),
      tasks(environment.parameters.task_capacity),
      results(environment.parameters.result_capacity),
      environment_(environment),
      referee_(referee),
      page_(clean_page()),
      fiber_([this] { body(); }) {
  stream_ = std::make_unique<worker::ResultStream>(static_cast<ResultOutlet&>(*this), *page_);
}

Process::~Process() {
  kill();
  stream_.reset();
  spare_pages().push_back(std::move(page_));
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

void Process::run() {
  fiber_.resume();
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
  if (fiber_.begun() && !fiber_.ended()) fiber_.resume();
}

void Process::body() {
  try {
    start_up();
    serve();
    stream_->flush();
    referee_.left(*this);
  } catch (const Killed&) {
    // What it has written and claimed stays as it is.
  } catch (const Violation& violation) {
    referee_.note(violation);
  } catch (const Error& error) {
    referee_.note(Violation(error.what()));
  }
}

void Process::start_up() {
  const Parameters& parameters = environment_.parameters;
  sleep(environment_.random.spread(1e3, 1e6));
  if (!environment_.calm && environment_.random.chance(parameters.start_death)) throw Killed();
  protocol::GreetingHeader greeting{};
  greeting.version = protocol::version;
  greeting.has_page = 1;
  greeting.build = wire::program_build_id();
  stream_->send(Type::greeting, std::as_bytes(std::span(&greeting, 1)));
  maybe_pause();
  if (!environment_.calm && environment_.random.chance(parameters.initializer_error)) {
    stream_->send(Type::start_failed, {});
    stream_->flush();
    throw Killed();
  }
  if (!environment_.calm && environment_.random.chance(parameters.start_death))
    sleep(1e12);  // an initializer that hangs
  stream_->send(Type::ready, {});
  stream_->flush();
}

void Process::serve() {
  for (;;) {
    while (const auto frame = parser_.next()) handle(*frame);
    stream_->flush();
    while (tasks.empty()) {
      if (tasks.closed) return;
      pause(Wait::reading);
    }
    auto room = parser_.room();
    if (environment_.random.chance(environment_.parameters.partial_read))
      room = room.first(environment_.random.between(1, room.size()));
    parser_.filled(tasks.read(room));
  }
}

void Process::handle(const wire::Frame& frame) {
  maybe_pause();
  if (static_cast<Type>(frame.type) == Type::nudge &&
      environment_.random.chance(environment_.parameters.deaf))
    be_deaf();
  stream_->acknowledge_revocation();
  std::span<const std::byte> payload = frame.payload;
  switch (static_cast<Type>(frame.type)) {
    case Type::define: {
      const auto header = protocol::take_header<protocol::DefineHeader>(payload);
      definitions_.insert_or_assign(header.job, referee_.plan(header.job));
      return;
    }
    case Type::run:
      return run_elements(payload);
    case Type::nudge:
      return;
    case Type::forget:
      definitions_.erase(protocol::take_header<protocol::ForgetHeader>(payload).job);
      return;
    default:
      throw Violation("a worker got a message that none is sent");
  }
}

// As one that is stopped where it has told all but that it has seen a revocation: until it is
// killed.
void Process::be_deaf() {
  stream_->flush();
  for (int i = 0; i < 50 && !results.empty(); ++i) pause(Wait::none);
  if (environment_.calm || !results.empty() || !referee_.has_only_a_revocation(*this)) return;
  environment_.say("worker %u is deaf", slot);
  ++environment_.census.deaf;
  deaf_ = true;
  pause(Wait::none);
}

void Process::run_elements(std::span<const std::byte> payload) {
  const auto header = protocol::take_header<protocol::RunHeader>(payload);
  if (stream_->dropped(header.sequence)) return;
  stream_->begin(run_, header, Reader(payload.subspan(header.define)));
  std::optional<JobPlan> inline_plan;
  if (header.define != 0) inline_plan = referee_.plan(header.job);
  const auto known = definitions_.find(header.job);
  if (!inline_plan && known == definitions_.end())
    throw Violation("elements of a job that the worker does not know");
  const JobPlan& plan = inline_plan ? *inline_plan : known->second;
  if (plan.folded) {
    run_folded(header.job, plan, header.attempt);
  } else {
    run_each(header.job, plan, header.attempt);
  }
  stream_->end(run_, header);
  maybe_pause();
  stream_->flush_if_due();
}

// The clock is stamped in simulated time, and seen before the claim.
bool Process::claim(const JobPlan& plan) {
  if (plan.traits.timeout) {
    const auto stamp = std::chrono::nanoseconds(environment_.now.time_since_epoch()).count();
    page_->clock.store(static_cast<std::uint64_t>(stamp));
    stamped_ = environment_.now;
    maybe_pause();
  }
  const std::uint64_t clock = page_->clock.load();
  const bool claimed = run_.next();
  page_->clock.store(clock);
  return claimed;
}

void Process::run_each(JobId job, const JobPlan& plan, std::uint32_t attempt) {
  while (claim(plan)) {
    Reader argument = run_.argument();
    std::array<std::uint64_t, 2> named{};
    argument.read(named.data(), sizeof named);
    referee_.begun(*this, job, named, attempt, stamped_);
    maybe_pause();
    sleep(environment_.random.spread(0.2, 2) * plan.mean);
    const bool calm = environment_.calm;
    if (!calm && environment_.random.chance(plan.hangs))
      sleep(environment_.random.spread(1e6, 1e9));
    if (!environment_.calm && environment_.random.chance(plan.dies)) throw Killed();
    if (environment_.random.chance(plan.throws)) {
      fail(plan);
    } else {
      referee_.telling(*this, false, false);
      put(job, named[1], plan);
    }
    referee_.told(*this);
    if (!calm && environment_.random.chance(environment_.parameters.garbage)) write_garbage();
    maybe_pause();
  }
}

// As detail::run_reduce.
void Process::run_folded(JobId job, const JobPlan& plan, std::uint32_t attempt) {
  std::uint64_t sum = 0;
  std::size_t count = 0;
  while (claim(plan)) {
    Reader argument = run_.argument();
    std::array<std::uint64_t, 2> named{};
    argument.read(named.data(), sizeof named);
    referee_.begun(*this, job, named, attempt, stamped_);
    maybe_pause();
    sleep(environment_.random.spread(0.2, 2) * plan.mean);
    if (!environment_.calm && environment_.random.chance(plan.dies)) throw Killed();
    if (environment_.random.chance(plan.throws)) {
      if (count != 0) run_.put_folded(count, sum);
      sum = count = 0;
      fail(plan);
      referee_.told(*this);
    } else {
      sum += value_of(job, named[1]);
      ++count;
      referee_.telling(*this, false, false);
    }
  }
  if (count != 0) run_.put_folded(count, sum);
  referee_.told(*this);
}

void Process::fail(const JobPlan& plan) {
  const bool retryable = environment_.random.chance(plan.retryable);
  referee_.telling(*this, true, retryable);
  if (!retryable) detail::RunAccess::ask(run_, [](std::exception_ptr) { return false; });
  try {
    throw TaskFailure("as planned");
  } catch (const TaskFailure&) {
    run_.fail();
  }
  detail::RunAccess::ask(run_, nullptr);
}

void Process::put(JobId job, std::size_t index, const JobPlan& plan) {
  switch (plan.result) {
    case ResultKind::nothing:
      return run_.put_void();
    case ResultKind::number:
      return run_.put(value_of(job, index));
    case ResultKind::text: {
      const auto letter = static_cast<char>('a' + value_of(job, index) % 26);
      return run_.put(std::string(text_size_of(job, index, plan.text_size), letter));
    }
  }
}

// What a task that writes to a descriptor that is not its own does.
void Process::write_garbage() {
  environment_.say("worker %u writes garbage", slot);
  referee_.spoilt(*this);
  static constexpr std::array<std::byte, 24> garbage{std::byte{7}};
  write(garbage);
}

void Process::write(std::span<const std::byte> bytes) {
  const bool flush = bytes.data() == page_->buffer;
  while (!bytes.empty()) {
    auto part = bytes;
    if (environment_.random.chance(environment_.parameters.pause))
      part = part.first(environment_.random.between(1, part.size()));
    const std::size_t written = results.write(part);
    bytes = bytes.subspan(written);
    environment_.census.partial_writes += !bytes.empty();
    if (!bytes.empty()) pause(results.space() == 0 ? Wait::writing : Wait::none);
  }
  maybe_pause();
  if (flush && environment_.random.chance(environment_.parameters.torn)) show_the_torn_flush();
}

// The first store of ResultStream::flush() has happened, the second has not.
void Process::show_the_torn_flush() {
  ++environment_.census.torn_flushes;
  const std::uint64_t head = page_->head.exchange(0);
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

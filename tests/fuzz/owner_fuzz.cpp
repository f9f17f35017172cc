// A worker's stream and page as any bytes, through protocol, driver, scheduler and delivery to the
// calls and their typed results: the owner's driver as it is, without a process. The input is a
// list of steps of the worker and of time; whatever they are, every call ends.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <brood/brood.hpp>
#include "fuzz/input.hpp"
#include "platform/mapping.hpp"
#include "pool/calls/call_batch.hpp"
#include "pool/calls/call_state.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/driver/driver.hpp"
#include "protocol/messages.hpp"
#include "wire/code_ref.hpp"

namespace {

using namespace brood;
using protocol::Type;
using protocol::WorkerPage;
using Flag = std::atomic<std::uint32_t>;

using fuzz::check;
using fuzz::Input;

/// Calls of every kind, and what their callers do with the results.
class Calls {
 public:
  explicit Calls(pool::Driver& told) : driver_(told) {
    target_.assign(many + guard, untouched);
    detail::JobSpec into_memory = spec("map into memory", many);
    into_memory.target = reinterpret_cast<std::byte*>(target_.data());
    submit(std::move(into_memory));
    detail::JobSpec outcomes = spec("outcomes", many);
    outcomes.policy = detail::ErrorPolicy::isolate;
    submit(std::move(outcomes));
    detail::JobSpec reduce = spec("reduce", many);
    reduce.results = {detail::variable_stride, true};
    submit(std::move(reduce));
    submit_alike(3);
  }
  /// After the pool's end.
  void read_all() {
    pool::no_other_thread_knows();
    for (std::size_t i = many; i < target_.size(); ++i) check(target_[i] == untouched);
    for (const auto& job : jobs_) {
      check(job->finished() && job->done() <= job->arguments().count());
      read<std::string>(*job);
      read<std::uint64_t>(*job);
    }
    for (const auto& call : small_) {
      check(call->finished() && call->done() <= 1);
      read_single<std::string>(*call);
      read_single<std::uint64_t>(*call);
    }
  }

 private:
  static constexpr std::size_t many = 24, guard = 64;
  static constexpr std::uint64_t untouched = 0x6775617264696e67;

  static detail::JobSpec spec(const char* function, std::size_t count) {
    detail::JobSpec made;
    detail::Bytes definition;
    definition.append(function, std::strlen(function));
    made.definition = detail::make_definition(std::move(definition));
    auto terms = std::make_shared<detail::CallTerms>();
    terms->timeout = std::chrono::milliseconds(20);
    made.terms = terms;
    made.kind = detail::JobKind::map;
    made.elements.stride = sizeof(std::uint64_t);
    made.results.stride = sizeof(std::uint64_t);
    made.elements.count = count;
    const std::vector<std::uint64_t> arguments(count, 7);
    made.elements.payload.owned().append(arguments.data(), count * sizeof(std::uint64_t));
    return made;
  }
  void submit(detail::JobSpec&& made) {
    jobs_.push_back(
        std::make_shared<pool::CallState>(std::weak_ptr<pool::PoolForCalls>(), std::move(made)));
    const auto& call = jobs_.back();
    driver().add(call, call->traits(), call->arguments().count(), pool::Input::ends, {});
  }
  /// Small calls, which travel together.
  void submit_alike(std::size_t count) {
    detail::JobSpec first = spec("alike", 1);
    first.kind = detail::JobKind::single;
    first.elements.stride = 0;
    const auto definition = first.definition;
    pool::CallRun run(std::move(first));
    while (run.count() < count) {
      detail::JobSpec next = spec("alike", 1);
      next.definition = definition;
      check(run.take(next));
    }
    std::generate_n(std::back_inserter(small_), count, [] {
      return std::make_shared<pool::SmallCall>(std::weak_ptr<pool::PoolForCalls>());
    });
    auto calls = small_;  // which the batch takes
    const auto batch = std::make_shared<pool::CallBatch>(std::move(run), calls);
    driver().add(batch, batch->traits(), count, pool::Input::ends, {});
    batch->set_indices();
  }
  template <class Read>
  static void tolerant(Read read_results) {
    try {
      read_results();
    } catch (const std::exception&) {
    }
  }
  template <class R>
  static void read_single(const pool::SmallCall& call) {
    if (!call.failed()) tolerant([&] { detail::decode_single<R>(call); });
  }
  template <class R>
  static void read(const pool::CallState& job) {
    pool::no_other_thread_knows();
    tolerant([&] { detail::decode_all<R>(job); });
    for (const detail::Piece& piece : job.pieces()) {
      const std::size_t elements = job.arguments().count();
      check(piece.first < elements && piece.count <= elements - piece.first);
      tolerant([&] { detail::for_each_outcome<R>(piece, [](std::size_t, Outcome<R>&&) {}); });
    }
  }

  // One thread has it all.
  pool::Driver& driver() noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) { return driver_; }

  pool::Driver& driver_;
  std::vector<std::uint64_t> target_;  // a caller's memory, and what lies behind it
  std::vector<std::shared_ptr<pool::CallState>> jobs_;
  std::vector<std::shared_ptr<pool::SmallCall>> small_;
};

/// Remembers what is sent.
class WatchedScheduler final : public pool::Scheduler {
 public:
  using Scheduler::Scheduler;
  std::optional<pool::Action> next() override {
    std::optional<pool::Action> action = Scheduler::next();
    if (action && action->kind == pool::Action::Kind::send) sent.push_back(action->assignment);
    return action;
  }
  std::vector<pool::Assignment> sent;
};

/// A worker that is only a page and the fuzzer's bytes. It sleeps until it has tasks.
struct Link final : pool::WorkerLink {
  explicit Link(pool::Time now) : WorkerLink(0, "worker", 4096, now, task_capacity) {
    set_page(memory.data());
    relies_on_barrier = true;
    sleep();
  }
  transfer::ReceivedDescriptors receive_descriptors() override { return {}; }
  bool receive_wake_ups() override { return true; }
  void wake_owner() noexcept override {}
  void wake_for_stop() noexcept override {}
  void wake_worker() noexcept override { ended = ended || page().no_more_tasks != 0; }
  platform::SendState send_now(std::uint64_t, std::span<const detail::DescriptorRef>&) override {
    return platform::SendState::sent;
  }
  /// As an honest worker that has nothing to do any more.
  void read_tasks() {
    page().task_tail = page().task_head.load();
    page().owner_blocked = 0;
    sleep();
  }
  void sleep() {
    page().worker_waits = static_cast<std::uint32_t>(protocol::WorkerWait::for_tasks);
  }
  static constexpr std::size_t task_capacity = 1024;
  platform::SharedMapping memory = platform::SharedMapping::create(
      "fuzz", protocol::page_size, {WorkerPage::buffer_size, protocol::rings_in_page});
};

/// The dispatcher's part.
class Owner final : private pool::WorkerProcesses {
 public:
  explicit Owner(Input& input)
      : input_(input),
        scheduler_(config()),
        driver_({.method = "fuzz", .limits = {}}, scheduler_, *this, callbacks_) {
    Calls calls(driver_);
    turn();
    while (!input_.empty()) step();
    driver().close(pool::Closing::terminated, now_);
    for (int turns = 0; !driver().turn(now_); ++turns) {
      now_ += std::chrono::milliseconds(200);
      check(turns < 1000);
    }
    calls.read_all();
  }

 private:
  static pool::SchedulerConfig config() {
    pool::SchedulerConfig made;
    made.workers = 1;
    made.min_workers = 0;
    return made;
  }

  // --- pool::WorkerProcesses ---
  void start(pool::WorkerId) override {
    driver().started(std::make_unique<Link>(now_), now_);
    scheduler_.sent.clear();
    fresh_ = true;
  }
  void abandon_start(pool::WorkerId) override {}
  void abandon_starts() override {}
  pool::SignalResult signal(pool::WorkerLink& link, pool::StopSignal) noexcept override {
    link.ended = true;
    return pool::SignalResult::sent;
  }
  std::optional<pool::Death> status(pool::WorkerLink&) noexcept override { return pool::Death{}; }
  void release(pool::WorkerLink&) noexcept override {}
  bool order_workers_memory() noexcept override { return write_word(), true; }
  void log_error(const std::string&) noexcept override {}
  void log(const pool::WorkerLink&, const protocol::LogRecord&) noexcept override {}
  bool table_is_full() noexcept override { return false; }
  std::size_t descriptor_limit() noexcept override { return 1024; }

  Link* link() { return static_cast<Link*>(driver().workers().find(0)); }
  WorkerPage& page() { return link()->page(); }
  void turn() {
    driver().turn(now_);
    if (link() != nullptr && std::exchange(fresh_, false)) greet();
    write_tasks();
  }
  /// As the dispatcher does.
  void write_tasks() {
    if (link() == nullptr || link()->broken) return;
    try {
      const auto stop = link()->write();
      check(stop == pool::WorkerChannel::Stop::none ||
            stop == pool::WorkerChannel::Stop::ring_full);
      check(link()->outbox.empty() == (stop == pool::WorkerChannel::Stop::none));
    } catch (const CodecError&) {
      driver().unreadable(*link(), std::current_exception(), now_);
    }
  }
  void greet() {
    const protocol::GreetingHeader greeting{protocol::version, wire::program_build_id()};
    detail::Bytes frames;
    protocol::append_message(frames, Type::greeting, greeting);
    protocol::append_message(frames, Type::ready);
    say(frames.view());
    driver().turn(now_);
  }
  void end_worker() {
    if (link() != nullptr) driver().ended(*link());
    turn();
  }

  void step() {
    switch (input_.byte() % 12) {
      case 0:
        return say(input_.bytes(input_.byte()));
      case 1:
      case 2:
        return say_frame();
      case 3:
      case 4:
      case 5:
        return say_results();
      case 6:
        return write_word();
      case 7:
        return write_buffer();
      case 8:
        now_ += std::chrono::milliseconds(2);
        return turn();
      case 9:
        return pass_time();
      case 10:
        return end_worker();
      default:
        if (link() != nullptr) link()->read_tasks();
        return turn();
    }
  }
  void say(std::span<const std::byte> bytes) {
    if (link() == nullptr || link()->broken) return;
    WorkerPage& told = page();
    std::memcpy(told.at(told.closed), bytes.data(), bytes.size());
    told.closed += bytes.size();
    told.head = told.closed.load();
    driver().read(*link(), WorkerPage::buffer_size, now_);
  }
  void say_frame() {
    detail::Bytes frame;
    const auto type = static_cast<Type>(32 + input_.byte() % 10);
    protocol::append_message(frame, type, input_.bytes(input_.byte() % 80));
    say(frame.view());
  }
  /// What an honest worker would say next, but for one or two fields.
  protocol::ResultsHeader next_results() {
    pool::Assignment next{};
    const auto position = link()->stream.resolved();
    for (const pool::Assignment& sent : scheduler_.sent) {
      if (sent.sequence <= position && position < sent.sequence + sent.count) next = sent;
    }
    const std::uint64_t past = position - next.sequence;
    protocol::ResultsHeader header{.job = next.job,
                                   .first = next.first + past,
                                   .sequence = position,
                                   .count = next.count - past,
                                   .elapsed = 100,
                                   .stride = 8,
                                   .folded = 0};
    const std::uint8_t lies = input_.byte();
    if (lies & 1) header.count = input_.number(header.count);
    if (lies & 2) header.stride = static_cast<std::uint32_t>(input_.number(8));
    if (lies & 4) header.folded = input_.byte() % 3;
    if (lies & 8) header.first = input_.number(header.first);
    if (lies & 16) header.sequence = input_.number(header.sequence);
    if (lies & 32) header.stride = detail::variable_stride;
    if (lies & 64) header.elapsed = input_.number(header.elapsed);
    if (lies & 128) header.job = input_.number(header.job);
    return header;
  }
  detail::Bytes results_frame() {
    const protocol::ResultsHeader header = next_results();
    const std::uint8_t extra = input_.byte();
    const auto records = std::min<std::uint64_t>(header.count, 32) * 8;
    std::vector<std::byte> data(header.stride == detail::variable_stride ? 0 : records);
    const auto more = input_.bytes(extra);
    data.insert(data.end(), more.begin(), more.end());
    detail::Bytes frame;
    protocol::append_message(frame, Type::results, header, data);
    return frame;
  }
  void say_results() {
    if (link() == nullptr) return turn();
    page().claimed = link()->stream.resolved() + 1 + input_.byte() % 32;
    say(results_frame().view());
  }
  void write_word() {
    if (link() == nullptr) return;
    std::atomic<std::uint64_t>* const words[] = {
        &page().claimed,   &page().revocation, &page().fence,         &page().clock,
        &page().head,      &page().closed,     &page().tail,          &page().task_head,
        &page().task_tail, &page().stoppable,  &page().stop_requested};
    Flag* const flags[] = {&page().owner_waits, &page().worker_waits, &page().owner_blocked,
                           &page().no_more_tasks};
    const std::size_t which = input_.byte() % (std::size(words) + std::size(flags));
    if (which < std::size(words)) return void(*words[which] = input_.number(*words[which]));
    Flag& flag = *flags[which - std::size(words)];
    flag = static_cast<std::uint32_t>(input_.number(flag));
  }
  /// A frame, closed or open, where the owner finds it when it looks.
  void write_buffer() {
    if (link() == nullptr) return;
    const detail::Bytes frame = results_frame();
    const std::uint64_t start = page().closed;
    std::memcpy(page().at(start), frame.data(), std::min(frame.size(), WorkerPage::buffer_size));
    if (input_.byte() % 2 == 0) page().closed = start + frame.size();
    page().head = start + frame.size();
  }
  void pass_time() {
    now_ += std::chrono::milliseconds(input_.byte());
    turn();
  }

  // One thread has it all.
  pool::Driver& driver() noexcept BROOD_ASSERT_CAPABILITY(pool::core_lock) { return driver_; }

  Input& input_;
  pool::Callbacks callbacks_;
  WatchedScheduler scheduler_;
  pool::Driver driver_;
  pool::Time now_{std::chrono::hours(1)};
  bool fresh_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool prepared = [] {
    spdlog::set_level(spdlog::level::off);
    return true;
  }();
  static_cast<void>(prepared);
  Input input(data, size);
  const Owner owner(input);
  return 0;
}

#include "pool/core.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <brood/errors.hpp>
#include "platform/process.hpp"
#include "platform/rights.hpp"
#include "platform/usage.hpp"
#include "pool/borrowed_worker.hpp"
#include "pool/check_options.hpp"
#include "pool/dispatcher/process_dispatcher.hpp"
#include "pool/failures/errors.hpp"
#include "pool/inline/inline_dispatcher.hpp"
#include "pool/traces_at_exit.hpp"
#include "start/method.hpp"

namespace brood::pool {

namespace {

// The largest argument that has to travel in one piece, in bytes.
std::size_t largest_argument(const detail::Elements& elements) {
  if (elements.ends.empty())
    return elements.stride != 0 ? elements.stride : elements.payload.size();
  std::size_t largest = 0, start = 0;
  for (const std::size_t end : elements.ends) {
    largest = std::max(largest, end - start);
    start = end;
  }
  return largest;
}

/// Throws CodecError for an argument of more than `limit` bytes.
void check_size(const detail::Elements& elements, std::uint64_t limit) {
  if (elements.payload.size() <= limit) return;
  const std::size_t largest = largest_argument(elements);
  if (largest <= limit) return;
  throw CodecError(CodecError::Direction::encode, "argument",
                   "it takes " + std::to_string(largest) + " bytes", limit);
}

// Of a call that no other thread knows yet: whether it ends as soon as it is added.
bool has_nothing_to_run(const CallState& call) {
  no_other_thread_knows();
  return call.arguments().count() == 0 && !call.is_stream();
}

std::unique_ptr<Dispatcher> make_dispatcher(const PoolOptions& options, Core::Nesting nesting,
                                            PoolState& state, Callbacks& callbacks) {
  if (options.start_method.name() != start::inline_method)
    return std::make_unique<ProcessDispatcher>(options, state, callbacks);
  using Place = InlineDispatcher::Place;
  const Place place = nesting == Core::Nesting::outermost ? Place::outermost : Place::in_an_element;
  return std::make_unique<InlineDispatcher>(options, state, callbacks, place);
}

std::shared_ptr<FailedElements> make_keeper(const PoolOptions& options, Callbacks& callbacks) {
  const std::string directory = directory_for_failed(options);
  if (directory.empty()) return nullptr;
  return std::make_shared<FailedElements>(directory, options, callbacks);
}

}  // namespace

std::shared_ptr<Core> Core::create(const PoolOptions& options) {
  PoolOptions chosen = options;
  chosen.start_method = start::method_of_pool(options.start_method);
  if (chosen.start_method.name() == start::inline_method)
    return create(inline_options(options), Nesting::outermost, nullptr);
  return create(chosen, Nesting::outermost, nullptr);
}

std::shared_ptr<Core> Core::create(const PoolOptions& options, Nesting nesting,
                                   const Keeper& keeper) {
  std::shared_ptr<Core> core(new Core(options, nesting, keeper));
  core->state_.loss().set_owner(core);
  if (core->trace_) write_trace_at_exit(core);
  core->dispatcher_->begin();
  return core;
}

Core::Core(const PoolOptions& options, Nesting nesting, const Keeper& keeper)
    : generation_(platform::fork_generation()),
      unobserved_error_(options.on_unobserved_error),
      made_(std::chrono::steady_clock::now()),
      trace_(nesting == Nesting::outermost ? TraceOutput::of(options) : std::nullopt),
      failed_elements_(keeper ? keeper : make_keeper(options, callbacks_)),
      dispatcher_(make_dispatcher(options, nesting, state_, callbacks_)),
      state_(options, dispatcher_->method_name(), dispatcher_->processes(), callbacks_,
             failed_elements_.get(),
             trace_               ? Recorded::timeline
             : options.statistics ? Recorded::histograms
                                  : Recorded::nothing) {}

Core::~Core() {
  if (const std::shared_ptr<Core> nested = take_nested()) {
    nested->terminate();
    nested->join({});
  }
  dispatcher_->finish();
}

// Made by the first element that needs it: initializer and state are those of that element.
std::shared_ptr<Core> Core::nested() {
  const base::MutexLock lock(nested_mutex_);
  if (!nested_) {
    PoolOptions options;
    options.workers = 1;
    options.start_method = start::inline_method;
    options.max_message_size = dispatcher_->message_limit();
    options.on_unobserved_error = unobserved_error_;
    nested_ = create(inline_options(options), Nesting::in_an_element, failed_elements_);
  }
  return nested_;
}

std::shared_ptr<Core> Core::take_nested() {
  const base::MutexLock lock(nested_mutex_);
  return std::exchange(nested_, nullptr);
}

bool Core::in_owner() const noexcept { return generation_ == platform::fork_generation(); }

void Core::check_process() const {
  if (in_owner()) return;
  throw UsageError(
      "brood::Pool: this pool belongs to the process that this one was forked from; make a pool of "
      "your own here");
}

void Core::check_call(const detail::JobSpec& spec) const {
  check_process();
  check_size(spec.elements, dispatcher_->message_limit());
  check_attached(spec.definition->bytes.attached(), dispatcher_->sandbox());
  check_attached(spec.elements.payload.owned().attached(), dispatcher_->sandbox());
}

// The lock is the dispatcher's most of the time: a caller that only leaves a call does not wait for
// it.
detail::JobHandle Core::submit(detail::JobSpec&& spec) {
  check_call(spec);
  if (dispatcher_->is_running_here()) return nested()->submit(std::move(spec));
  spec.queued = state_.queue_time();
  if (SmallCall::fits(spec)) {
    auto call = std::make_shared<SmallCall>(weak_from_this());
    if (state_.leave(call, std::move(spec))) access_.wake();
    return call;
  }
  auto call = std::make_shared<CallState>(weak_from_this(), std::move(spec));
  if (has_nothing_to_run(*call)) {
    access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
      state_.take_intake();
      state_.add(call);  // and it is finished
    });
    return call;
  }
  if (state_.leave(call)) access_.wake();
  return call;
}

detail::JobHandle Core::call(detail::JobSpec&& spec, detail::ArrivingResult* arriving) {
  if (dispatcher_->runs_in_callers()) return submit(std::move(spec));
  check_call(spec);
  spec.queued = state_.queue_time();
  const auto call = std::make_shared<CallState>(weak_from_this(), std::move(spec));
  WorkerLink* link = nullptr;
  access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
    state_.take_intake();
    state_.add(call);
    if (call->terms().timeout) return;
    link = state_.driver().borrowing().borrow(*call, std::chrono::steady_clock::now());
  });
  const bool others_wait =
      link == nullptr || BorrowedWorker(access_, process_of(*link), *call, arriving).drive();
  if (others_wait) access_.wake();
  return call;
}

// One that has been cut short stays so.
void Core::note_reader(CallState& state) {
  access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
    if (!state.is_cut_short()) state.reader().become_this_thread();
  });
}

void Core::extend(CallState& state, detail::Elements more, detail::Input input) {
  check_size(more, dispatcher_->message_limit());
  check_attached(more.payload.owned().attached(), dispatcher_->sandbox());
  access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
    if (state_.collapse().is_certain() || state.is_cut_short()) return;
    state_.take_intake();
    const std::size_t count = more.count;
    if (!state.finished() && count != 0) state.append(std::move(more));
    state_.driver().extend(state, count, input, state_.queue_time());
  });
  access_.wake();
}

bool Core::cancel(AwaitedCall& call, Kill kill) {
  if (!in_owner()) return false;
  if (dispatcher_->runs_in_callers()) kill = Kill::no;  // what runs is in this process
  const bool cancelled = access_.under_lock([&]() BROOD_REQUIRES(core_lock) {
    if (state_.collapse().is_certain()) return false;
    state_.take_intake();
    const auto now = std::chrono::steady_clock::now();
    const std::optional<AwaitedCall::ElementId> id = call.element_id();
    return id && state_.driver().cancel(id->job, id->element, kill, now);
  });
  access_.wake();
  return cancelled;
}

void Core::close() {
  check_process();
  access_.under_lock([this]() BROOD_REQUIRES(core_lock) {
    if (!state_.collapse().is_certain()) state_.close(Closing::when_done);
  });
  access_.wake();
}

void Core::terminate() {
  check_process();
  access_.unless_out_of_memory([this]() BROOD_REQUIRES(core_lock) {
    if (!state_.collapse().is_certain()) state_.close(Closing::terminated);
    dispatcher_->cut_off();
  });
  access_.wake();
}

bool Core::join(const detail::Deadline& deadline) {
  check_process();
  while (!join_until_next_look(deadline)) {
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
  }
  // An end by force is bounded, whatever workers have logged.
  constexpr std::chrono::milliseconds time_for_logs{500};
  const auto soon = std::chrono::steady_clock::now() + time_for_logs;
  const bool is_over = callbacks_.drain(state_.is_terminated() ? soon : deadline, deadline);
  write_trace();
  return is_over;
}

void Core::write_trace() noexcept {
  if (!trace_) return;
  const base::MutexLock writing(trace_mutex_);
  if (std::exchange(trace_is_written_, true)) return;
  if_possible([this] {
    trace::Timeline timeline;
    const CallsOfRecord* calls = nullptr;
    {
      const CoreGuard lock(state_.mutex());
      Recorder& recorder = *state_.recorder();
      timeline = recorder.take(std::chrono::steady_clock::now());
      calls = &recorder.calls();  // they change no more
    }
    trace_->write(timeline, *calls);
  });
}

Statistics Core::statistics() {
  check_process();
  const CoreGuard lock(state_.mutex());
  const auto now = std::chrono::steady_clock::now();
  Statistics statistics = state_.driver().counters().statistics(now);
  statistics.lifetime = now - made_;
  if (const Recorder* const recorder = state_.recorder()) {
    statistics.waiting = recorder->waiting();
    statistics.decoding = recorder->decoding();
    statistics.running = recorder->running();
    statistics.encoding = recorder->encoding();
  }
  return statistics;
}

// Looks now and then whether a thread has ended that brought input, or the pool's descriptors have
// been closed: then the dispatcher may sleep for ever.
bool Core::join_until_next_look(const detail::Deadline& deadline) {
  constexpr std::chrono::milliseconds between_looks{500};
  access_.unless_out_of_memory([this]() BROOD_REQUIRES(core_lock) {
    if (state_.collapse().is_torn()) return;
    if (!state_.driver().view().closing)
      throw UsageError("brood::Pool::join before close() or terminate(): call one of them first");
    if (!state_.collapse().has_come()) state_.driver().cut_streams_short();
  });
  access_.wake();
  look_for_loss();
  const auto next_look = std::chrono::steady_clock::now() + between_looks;
  if (!state_.loss().is_over())
    return dispatcher_->join(deadline ? std::min(*deadline, next_look) : next_look);
  dispatcher_->let_go();
  return true;
}

std::vector<WorkerInfo> Core::workers() {
  check_process();
  std::vector<WorkerInfo> infos = known_workers();
  // Not under the lock: of one that has ended meanwhile it tells nothing, or of the next process
  // with its number.
  for (WorkerInfo& info : infos) {
    const platform::ProcessUsage usage = platform::process_usage(info.pid);
    info.memory = usage.resident;
    info.cpu_time = usage.cpu_time;
  }
  return infos;
}

std::vector<WorkerInfo> Core::known_workers() {
  std::vector<WorkerInfo> infos;
  const CoreGuard lock(state_.mutex());
  if (state_.collapse().has_come()) return infos;
  for (const auto& link : state_.driver().workers().all()) {
    if (!link) continue;
    const WorkerView view = state_.driver().view(link->id);
    infos.push_back(
        {link->name, link->pid, static_cast<int>(link->id), view.state, view.done, 0, {}});
  }
  return infos;
}

}  // namespace brood::pool

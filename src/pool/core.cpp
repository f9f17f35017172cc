#include "pool/core.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <utility>

#include <brood/cpu.hpp>
#include "platform/process.hpp"
#include "platform/rights.hpp"
#include "platform/usage.hpp"
#include "pool/calls/call_batch.hpp"
#include "pool/check_options.hpp"
#include "pool/dispatcher/interrupt.hpp"
#include "pool/failures/errors.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

std::uint32_t worker_count(const PoolOptions& options) {
  if (options.workers) return static_cast<std::uint32_t>(*options.workers);
  if (options.cpus.empty()) return static_cast<std::uint32_t>(available_cpus());
  return static_cast<std::uint32_t>(std::set(options.cpus.begin(), options.cpus.end()).size());
}

SchedulerConfig scheduler_config(const PoolOptions& options) {
  SchedulerConfig config;
  config.workers = worker_count(options);  // asks the system, where it is not given
  if (options.max_tasks_per_worker)
    config.max_tasks = static_cast<std::uint64_t>(*options.max_tasks_per_worker);
  if (options.start_timeout) config.start_timeout = *options.start_timeout;
  if (options.min_workers) {
    config.min_workers = static_cast<std::uint32_t>(*options.min_workers);
  } else if (options.idle_timeout) {
    config.min_workers = 0;
  }
  config.idle_timeout = options.idle_timeout.value_or(Nanoseconds(0));
  config.max_age = options.max_worker_age.value_or(Nanoseconds(0));
  return config;
}

DriverConfig driver_config(const PoolOptions& options, const std::string& method) {
  return {.method = method, .limits = options.limits};
}

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

}  // namespace

std::shared_ptr<Core> Core::create(const PoolOptions& options) {
  std::shared_ptr<Core> core(new Core(options));
  core->start_first_workers();
  core->dispatcher_.run_thread();
  return core;
}

Core::Core(const PoolOptions& options)
    : generation_(platform::fork_generation()),
      on_interrupt_(options.on_interrupt),
      unobserved_error_(options.on_unobserved_error),
      supervisor_(options),
      scheduler_(scheduler_config(options)),
      dispatcher_(*this),
      driver_(driver_config(options, supervisor_.method_name()), scheduler_, dispatcher_.host(),
              callbacks_) {}

Core::~Core() { dispatcher_.finish(); }

// Before there is a dispatcher's thread, so that what fails is thrown to the caller; then nothing
// may be left behind. Not analysed: no other thread knows of the core yet.
void Core::start_first_workers() {
  using Clock = std::chrono::steady_clock;
  try {
    for (const WorkerId id : driver_.first_starts(Clock::now()))
      driver_.started(supervisor_.start(id), Clock::now());
    supervisor_.prepare();
  } catch (...) {
    for (const auto& link : driver_.workers().all()) {
      if (link) supervisor_.discard(process_of(*link));
    }
    throw;
  }
}

bool Core::in_owner() const noexcept { return generation_ == platform::fork_generation(); }

void Core::check_process() const {
  if (in_owner()) return;
  throw UsageError(
      "brood::Pool: this pool belongs to the process that this one was forked from; make a pool of "
      "your own here");
}

std::shared_ptr<CallState> Core::make_call(detail::JobSpec&& spec) {
  check_process();
  check_size(spec.elements, supervisor_.message_limit());
  check_attached(spec.definition->bytes.attached(), supervisor_.sandbox());
  check_attached(spec.elements.payload.owned().attached(), supervisor_.sandbox());
  return std::make_shared<CallState>(weak_from_this(), std::move(spec));
}

void Core::add(const std::shared_ptr<CallState>& call) {
  check_collapsed();
  if (driver_.scheduler().view().closing) throw_closed();
  const bool last = !call->is_stream();
  driver_.add(call, call->traits(), call->arguments().count(), last);
}

// Calls that can travel together do. What takes them with it ends them.
void Core::add(std::span<std::shared_ptr<CallState>> calls) {
  while (!calls.empty()) {
    const std::size_t count = CallBatch::length(calls);
    if (count == 1) {
      add(calls.front());
    } else {
      const auto batch = std::make_shared<CallBatch>(calls.first(count));
      try {
        driver_.add(batch, batch->traits(), count, true);
        batch->tell_calls_their_places();
      } catch (...) {
        batch->finish(out_of_memory(), callbacks_);
        throw;
      }
    }
    calls = calls.subspan(count);
  }
}

// The lock is the dispatcher's most of the time: a caller that only leaves a call does not wait for
// it.
detail::JobHandle Core::submit(detail::JobSpec&& spec) {
  std::shared_ptr<CallState> state = make_call(std::move(spec));
  if (state->arguments().count() == 0 && !state->is_stream()) {
    under_lock([&]() BROOD_REQUIRES(mutex_) {
      take_intake();
      add(state);  // and it is finished
    });
    return state;
  }
  intake_.put(state);
  // With a backlog it waits for a worker to become free, which wakes the dispatcher anyway.
  if (!backlog_.load(std::memory_order_seq_cst)) wake();
  return state;
}

void Core::take_intake() {
  if (torn_) return;  // what is left of it, and what comes, is the dispatcher's to end
  intake_.swap(taken_);
  add(taken_);
  taken_.clear();
}

// True if the dispatcher may sleep: a caller that leaves a call from now on wakes it, or knows that
// a worker will.
bool Core::settle_intake() {
  backlog_.store(driver_.scheduler().view().backlog, std::memory_order_seq_cst);
  return intake_.empty();
}

// One that has been cut short stays so.
void Core::note_reader(CallState& state) {
  under_lock([&]() BROOD_REQUIRES(mutex_) {
    if (!state.is_cut_short()) state.reader().become_this_thread();
  });
}

void Core::extend(CallState& state, detail::Elements more, bool last) {
  check_size(more, supervisor_.message_limit());
  check_attached(more.payload.owned().attached(), supervisor_.sandbox());
  under_lock([&]() BROOD_REQUIRES(mutex_) {
    if (collapsed_ || state.is_cut_short()) return;
    take_intake();
    const std::size_t count = more.count;
    if (!state.finished() && count != 0) state.append(std::move(more));
    driver_.extend(state, count, last);
  });
  wake();
}

bool Core::cancel(CallState& state, Kill kill) {
  if (!in_owner()) return false;
  const bool cancelled = under_lock([&]() BROOD_REQUIRES(mutex_) {
    if (collapsed_) return false;
    take_intake();
    const auto now = std::chrono::steady_clock::now();
    if (state.place && state.finished()) return false;
    return driver_.cancel(state.id, state.place.value_or(Action::all), kill, now);
  });
  wake();
  return cancelled;
}

void Core::close_intake() {
  intake_.close();
  take_intake();
}

void Core::wake() noexcept {
  if (!dispatcher_.wake()) lose_descriptors();
}

void Core::close() {
  check_process();
  under_lock([this]() BROOD_REQUIRES(mutex_) {
    close_intake();
    driver_.close(Closing::when_done, std::chrono::steady_clock::now());
  });
  wake();
}

void Core::drain() {
  const base::MutexLock lock(mutex_);
  close_intake();
  driver_.close(Closing::draining, std::chrono::steady_clock::now());
}

void Core::terminate() {
  check_process();
  unless_out_of_memory([this]() BROOD_REQUIRES(mutex_) {
    if (collapsed_) return;
    close_intake();
    ended_.store(true, std::memory_order_release);
    driver_.close(Closing::terminated, std::chrono::steady_clock::now());
  });
  wake();
}

bool Core::join(const detail::Deadline& deadline) {
  check_process();
  while (!join_until_next_look(deadline)) {
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return false;
  }
  // An end by force is bounded, whatever workers have logged.
  constexpr std::chrono::milliseconds time_for_logs{500};
  const auto soon = std::chrono::steady_clock::now() + time_for_logs;
  return callbacks_.drain(ended() ? soon : deadline, deadline);
}

// Looks now and then whether a thread has ended that brought input, or the pool's descriptors have
// been closed: then the dispatcher may sleep for ever.
bool Core::join_until_next_look(const detail::Deadline& deadline) {
  constexpr std::chrono::milliseconds between_looks{500};
  unless_out_of_memory([this]() BROOD_REQUIRES(mutex_) {
    if (torn_) return;
    if (!driver_.scheduler().view().closing)
      throw UsageError("brood::Pool::join before close() or terminate(): call one of them first");
    if (!collapsed_) driver_.cut_streams_short();
  });
  wake();
  look_for_loss();
  const auto next_look = std::chrono::steady_clock::now() + between_looks;
  if (!lost_.load()) return dispatcher_.join(deadline ? std::min(*deadline, next_look) : next_look);
  dispatcher_.let_go();
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
  const base::MutexLock lock(mutex_);
  if (collapsed_) return infos;
  for (const auto& link : driver_.workers().all()) {
    if (!link) continue;
    const WorkerView view = driver_.scheduler().view(link->id);
    infos.push_back({link->name, link->pid, view.state, view.done, 0, {}});
  }
  return infos;
}

void Core::lose_descriptors() noexcept {
  std::call_once(losing_, [this] {
    self_ = shared_from_this();
    platform::forget_lost_descriptors();
    Interrupt::lose_descriptors();
    std::exception_ptr error = out_of_memory();
    if_possible([&] {
      error = std::make_exception_ptr(
          SystemError("close", "this program has closed descriptors of a brood::Pool", EBADF));
    });
    collapse(error);
    lost_.store(true);
  });
}

void Core::collapse(const std::exception_ptr& error) noexcept {
  std::exception_ptr reason = out_of_memory();
  if_possible([&] {
    const std::string text = wire::describe_exception(error);
    callbacks_.log_error("a pool ends: " + text);
    reason = std::make_exception_ptr(
        SystemError("the pool's dispatcher", "serving its workers: " + text, code_of(error)));
  });
  const base::MutexLock lock(mutex_);
  collapsed_ = reason;
  ended_.store(true, std::memory_order_release);
  const auto end = [&](const std::shared_ptr<CallState>& call) {
    if (call && !call->finished()) call->finish(reason, callbacks_);
  };
  for (const auto& call : intake_.refuse(reason)) end(call);
  for (const auto& call : taken_) end(call);
  driver_.collapse(reason);
}

}  // namespace brood::pool

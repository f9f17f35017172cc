#include "pool/core.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <utility>

#include <brood/cpu.hpp>
#include "platform/process.hpp"
#include "platform/usage.hpp"
#include "pool/batch.hpp"
#include "pool/check_options.hpp"
#include "pool/dispatcher.hpp"
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

/// Also where it is left by an exception.
struct Cleared {
  JobState*& pointer;
  ~Cleared() { pointer = nullptr; }
};

[[noreturn]] void throw_closed() {
  throw PoolClosed("brood::Pool: no task can be given to a pool after close() or terminate()");
}

}  // namespace

std::shared_ptr<Core> Core::create(const PoolOptions& options) {
  std::shared_ptr<Core> core(new Core(options));
  core->start_first_workers();
  core->dispatcher_ = std::make_unique<Dispatcher>(*core);
  return core;
}

Core::Core(const PoolOptions& options)
    : generation_(platform::fork_generation()),
      scheduler_(scheduler_config(options)),
      supervisor_(options),
      links_(scheduler_.workers()),
      no_memory_(std::make_exception_ptr(
          SystemError("malloc", "the process that owns the pool is out of memory", ENOMEM))),
      exits_(links_.size()),
      on_interrupt_(options.on_interrupt),
      unobserved_error_(options.on_unobserved_error) {}

Core::~Core() = default;

// Before there is a dispatcher, so that what fails is thrown to the caller; then nothing may be
// left behind.
void Core::start_first_workers() {
  scheduler_.pump(std::chrono::steady_clock::now());
  try {
    while (const std::optional<Action> action = scheduler_.next()) {
      links_[action->worker] = supervisor_.start(action->worker);
      scheduler_.worker_started(action->worker, std::chrono::steady_clock::now());
    }
    supervisor_.prepare();
  } catch (...) {
    for (const auto& link : links_) {
      if (link) supervisor_.discard(*link);
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

std::shared_ptr<JobState> Core::make_job(detail::JobSpec&& spec) {
  check_process();
  check_size(spec.elements, supervisor_.message_limit());
  check_carried(spec.definition->bytes.carried(), supervisor_.sandbox());
  check_carried(spec.elements.payload.owned().carried(), supervisor_.sandbox());
  return std::make_shared<JobState>(weak_from_this(), std::move(spec));
}

// Under the lock.
void Core::add(const std::shared_ptr<JobState>& state) {
  check_collapsed();
  if (scheduler_.view().closing) throw_closed();
  const bool last = state->spec().kind != detail::JobKind::stream;
  state->id = scheduler_.add(state->traits(), state->element_count(), last);
  keep(state);
}

// Under the lock. Calls that can travel together do.
void Core::add(std::span<std::shared_ptr<JobState>> calls) {
  while (!calls.empty()) {
    const std::size_t count = Batch::length(calls);
    if (count == 1) {
      add(calls.front());
    } else {
      add(std::make_shared<Batch>(calls.first(count)), count);
    }
    calls = calls.subspan(count);
  }
}

// Under the lock. What takes the calls with it ends them.
void Core::add(const std::shared_ptr<Batch>& batch, std::size_t count) {
  try {
    batch->begin(scheduler_.add(batch->traits(), count, true));
    keep(batch);
  } catch (...) {
    batch->finish(no_memory_, callbacks_);
    throw;
  }
}

// Under the lock.
void Core::keep(std::shared_ptr<Work> work) {
  const std::uint32_t slot = slot_of(work->id);
  if (jobs_.size() <= slot) jobs_.resize(slot + 1);
  jobs_[slot] = std::move(work);
}

// The lock is the dispatcher's most of the time: who only leaves a job does not wait for it.
detail::JobHandle Core::submit(detail::JobSpec&& spec) {
  std::shared_ptr<JobState> state = make_job(std::move(spec));
  if (state->element_count() == 0 && state->spec().kind != detail::JobKind::stream) {
    under_lock([&] {
      take_intake();
      add(state);
      perform(nullptr);  // it is finished
    });
    return state;
  }
  {
    const std::lock_guard lock(intake_mutex_);
    if (intake_error_) std::rethrow_exception(intake_error_);
    if (intake_closed_) throw_closed();
    intake_.push_back(state);
  }
  // With a backlog it waits for a worker to become free, which wakes the dispatcher anyway.
  if (!backlog_.load(std::memory_order_seq_cst)) wake();
  return state;
}

// Under the lock.
void Core::take_intake() {
  if (torn_) return;  // what is left of it, and what comes, is the dispatcher's to end
  std::vector<std::shared_ptr<JobState>>& taken = intake_taken_;  // a member for its memory
  {
    const std::lock_guard lock(intake_mutex_);
    taken.swap(intake_);
  }
  add(taken);
  taken.clear();
}

// Under the lock. True if the dispatcher may sleep: whoever leaves a job from now on wakes it, or
// knows that a worker will.
bool Core::settle_intake() {
  backlog_.store(scheduler_.view().backlog, std::memory_order_seq_cst);
  const std::lock_guard lock(intake_mutex_);
  return intake_.empty();
}

// One that has been cut short stays so.
void Core::note_reader(JobState& state) {
  under_lock([&] {
    if (!state.is_cut_short()) state.reader().become_this_thread();
  });
}

void Core::extend(JobState& state, detail::Elements more, bool last) {
  check_size(more, supervisor_.message_limit());
  check_carried(more.payload.owned().carried(), supervisor_.sandbox());
  under_lock([&] {
    if (collapsed_ || state.is_cut_short()) return;
    take_intake();
    const std::size_t count = more.count;
    if (!state.finished() && count != 0) state.append(std::move(more));
    scheduler_.extend(state.id, state.finished() ? 0 : count, last);
    perform(nullptr);
  });
  wake();
}

bool Core::cancel(JobState& state, Kill kill) {
  if (!in_owner()) return false;
  const bool cancelled = under_lock([&] {
    if (collapsed_) return false;
    take_intake();
    to_cancel_ = &state;
    const Cleared cleared{to_cancel_};
    const auto now = std::chrono::steady_clock::now();
    if (!state.place || !state.finished())
      scheduler_.cancel(state.id, state.place.value_or(Action::all), kill == Kill::yes, now);
    perform(nullptr);
    return to_cancel_ == nullptr;
  });
  wake();
  return cancelled;
}

// Under the lock.
void Core::close_intake() {
  {
    const std::lock_guard lock(intake_mutex_);
    intake_closed_ = true;
  }
  take_intake();
}

bool Core::wake_dispatcher() noexcept { return dispatcher_->wake(); }

// Not under the lock.
void Core::wake() noexcept {
  if (!wake_dispatcher()) lose_descriptors();
}

void Core::close() {
  check_process();
  under_lock([this] {
    close_intake();
    scheduler_.close(Closing::when_done, std::chrono::steady_clock::now());
  });
  wake();
}

void Core::drain(Hands* hands) {
  const std::lock_guard lock(mutex_);
  close_intake();
  scheduler_.close(Closing::draining, std::chrono::steady_clock::now());
  perform(hands);
}

void Core::terminate() {
  check_process();
  unless_out_of_memory([this] {
    if (collapsed_) return;
    close_intake();
    ended_.store(true, std::memory_order_release);
    scheduler_.close(Closing::terminated, std::chrono::steady_clock::now());
    perform(nullptr);
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
  unless_out_of_memory([this] {
    if (torn_) return;
    if (!scheduler_.view().closing)
      throw UsageError("brood::Pool::join before close() or terminate(): call one of them first");
    if (!collapsed_) cut_streams_short();
  });
  wake();
  if (has_lost_descriptors()) lose_descriptors();
  const auto next_look = std::chrono::steady_clock::now() + between_looks;
  if (!lost_.load())
    return dispatcher_->join(deadline ? std::min(*deadline, next_look) : next_look);
  dispatcher_->let_go();
  return true;
}

// Under the lock. While this thread waits for the end it brings no input: it would wait for ever.
void Core::cut_streams_short() {
  for (const auto& work : jobs_) {
    if (!work || work->finished() || !work->waits_for_caller()) continue;
    work->cut_short();
    scheduler_.extend(work->id, 0, true);
  }
  perform(nullptr);
}

std::vector<WorkerInfo> Core::workers() {
  check_process();
  std::vector<WorkerInfo> infos;
  const std::lock_guard lock(mutex_);
  if (collapsed_) return infos;
  for (const auto& link : links_) {
    if (!link) continue;
    const WorkerView view = scheduler_.view(link->id);
    const platform::ProcessUsage usage = platform::process_usage(link->pid);
    infos.push_back({link->name, link->pid, view.state, view.done, usage.resident, usage.cpu_time});
  }
  return infos;
}

}  // namespace brood::pool

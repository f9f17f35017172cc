#include "pool/inline/inline_dispatcher.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include <brood/errors.hpp>
#include "base/log.hpp"
#include "platform/identity.hpp"
#include "platform/rights.hpp"
#include "pool/calls/callbacks.hpp"
#include "wire/code_ref.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;

namespace {

// Nothing limits how long an initializer may stand at a breakpoint.
constexpr std::chrono::hours no_limit{24 * 365};
// How often a thread that has nothing to run looks for something.
constexpr std::chrono::milliseconds between_inline_looks{5};
constexpr std::uint64_t inline_message_limit = std::uint64_t{1} << 30;  // bytes

}  // namespace

PoolOptions inline_options(const PoolOptions& options) {
  if (detail::SandboxAccess::terms(options.sandbox).on) {
    if (options.start_method.name() == "inline")
      throw UsageError(
          "brood: a sandbox is a worker process's, and start method \"inline\" has none: its tasks "
          "run in this process");
    base::log_warning(
        "BROOD_START_METHOD=inline: tasks of a pool with a sandbox run without it, in this "
        "process");
  }
  PoolOptions kept;
  kept.workers = 1;
  kept.start_method = "inline";
  kept.initializer = options.initializer;
  kept.state = options.state;
  kept.start_timeout = no_limit;
  kept.max_message_size = options.max_message_size;
  kept.on_unobserved_error = options.on_unobserved_error;
  kept.save_failed = options.save_failed;
  kept.trace = options.trace;
  kept.statistics = options.statistics;
  return kept;
}

/// Holds the lane to the end of its scope, where no other thread does.
class InlineDispatcher::Lane {
 public:
  explicit Lane(InlineDispatcher& of) : of_(of), lock_(of.lane_, std::try_to_lock) {
    if (lock_) of_.holder_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  ~Lane() {
    if (lock_) of_.holder_.store({}, std::memory_order_relaxed);
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  explicit operator bool() const noexcept { return lock_.owns_lock(); }

 private:
  InlineDispatcher& of_;
  std::unique_lock<std::mutex> lock_;
};

InlineDispatcher::InlineDispatcher(const PoolOptions& options, PoolState& state,
                                   Callbacks& callbacks, Place place)
    : options_(options),
      message_limit_(options.max_message_size.value_or(inline_message_limit)),
      place_(place),
      state_(state),
      callbacks_(callbacks) {}

void InlineDispatcher::begin() {
  no_other_thread_knows();
  for (const WorkerId id : state_.driver().first_starts(Clock::now())) {
    std::unique_ptr<InlineLink> link = make_link(id);
    link_ = link.get();
    state_.driver().started(std::move(link), Clock::now());
  }
}

std::unique_ptr<InlineLink> InlineDispatcher::make_link(WorkerId id) {
  base::Identity identity = platform::next_child("InlinePoolWorker-");
  worker::InlineOwner& owner = *this;
  auto link = std::make_unique<InlineLink>(owner, place_, id, identity.name, message_limit_);
  link->pid = ::getpid();
  protocol::encode_setup(link->outbox.tail(), setup_for(std::move(identity)));
  return link;
}

protocol::WorkerSetup InlineDispatcher::setup_for(base::Identity worker) const {
  protocol::WorkerSetup setup;
  setup.preparation = {wire::program_build_id(), std::move(worker), {}, base::log_level()};
  const auto initializer = detail::CallAccess::encoded(options_.initializer);
  setup.initializer.assign(initializer.begin(), initializer.end());
  const auto state = detail::CallAccess::encoded(options_.state);
  setup.state.assign(state.begin(), state.end());
  setup.message_limit = message_limit_;
  return setup;
}

// --- the lane ---

bool InlineDispatcher::run_some() {
  if (is_running_here())
    throw UsageError(
        "brood: an element of a pool of start method \"inline\" waits for a call that was given to "
        "this pool outside of it: it would wait for itself");
  const Lane lane(*this);
  return lane && round();
}

bool InlineDispatcher::join(Clock::time_point deadline) {
  if (is_running_here())
    throw UsageError("brood: an element of a pool of start method \"inline\" waits for its end");
  for (;;) {
    bool ran = false;
    if (const Lane lane(*this); lane) {
      ran = !over_ && round();
      if (over_) return true;
    }
    if (ran) continue;
    const Clock::time_point now = Clock::now();
    if (now >= deadline) return false;
    std::this_thread::sleep_until(std::min(deadline, now + between_inline_looks));
  }
}

// As of a dispatcher's thread: what cannot be blamed on one call ends all of them. (A task that
// ends its thread has ended the process.)
bool InlineDispatcher::round() noexcept {
  try {
    return do_round();
  } catch (...) {
    state_.end_all_calls(std::current_exception());
    over_ = true;
    return true;
  }
}

// What the driver wants, what that brings the worker, and what comes of it. Whether anything did.
bool InlineDispatcher::do_round() {
  if (over_) return false;
  bool did = turn();
  if (link_ != nullptr) did |= serve(*link_);
  return did;
}

bool InlineDispatcher::turn() {
  const CoreGuard lock(state_.mutex());
  state_.collapse().check_torn();
  state_.take_intake();
  const InlineLink* const before = link_;
  over_ = state_.driver().turn(Clock::now());
  const bool ended = before != nullptr && link_ == nullptr;
  return start_asked() || ended;
}

bool InlineDispatcher::start_asked() {
  const std::optional<WorkerId> id = std::exchange(asked_, std::nullopt);
  if (!id) return false;
  try {
    std::unique_ptr<InlineLink> link = make_link(*id);
    link_ = link.get();
    state_.driver().started(std::move(link), Clock::now());
  } catch (const Error&) {
    state_.driver().start_failed(*id, std::current_exception(), StartFailure::lack, Clock::now());
  }
  return true;
}

// True if something was claimed, or it has ended.
bool InlineDispatcher::serve(InlineLink& link) {
  if (link.ended) return false;
  const std::uint64_t claimed = link.page().claimed.load();
  bool lives = true;
  try {
    lives = is_cut_off(link) || link.worker().serve();
  } catch (const std::exception&) {  // no memory for a task that has come
    state_.unreadable(link, std::current_exception());
  }
  take_results_of(link);
  const CoreGuard lock(state_.mutex());
  if (!lives || link.is_cut_off()) state_.driver().ended(link);
  return link.ended || link.page().claimed.load() != claimed;
}

bool InlineDispatcher::is_cut_off(const InlineLink& link) {
  const CoreGuard lock(state_.mutex());
  return link.is_cut_off();
}

void InlineDispatcher::take_results_of(InlineLink& link) {
  while (link.has_unread()) {
    if (!is_cut_off(link)) {
      state_.read(link);
      continue;
    }
    link.results.drop(link.page(), link.results.unread(link.page()));
    link.give_room();
  }
  link.ask_for_wake_up(protocol::WakeUp::by_futex);  // the worker is this thread: nothing has come
}

// --- InlineOwner ---

void InlineDispatcher::bring_tasks() {
  if (!state_.is_terminated()) link_->write();
}
void InlineDispatcher::take_results() { take_results_of(*link_); }
void InlineDispatcher::take_descriptor(const detail::DescriptorRef& descriptor) {
  link_->take(descriptor);
}

// --- WorkerProcesses ---

void InlineDispatcher::abandon_start(WorkerId id) {
  if (asked_ != id) return;
  asked_.reset();
  state_.driver().start_failed(
      id, std::make_exception_ptr(StartError("inline", "launch", "the pool has ended")),
      StartFailure::other, Clock::now());
}

// Its elements are in this thread, which ends none of them: the worker ends when they have.
SignalResult InlineDispatcher::signal(WorkerLink& link, StopSignal) noexcept {
  inline_link(link).cut_off(state_.driver().view(link.id).sent);
  return SignalResult::sent;
}

std::optional<Death> InlineDispatcher::status(WorkerLink& link) noexcept {
  const InlineLink& ended = inline_link(link);
  using Kind = ExitStatus::Kind;
  if (ended.is_cut_off()) return Death{{.status = {Kind::signaled, SIGTERM, false}}};
  return Death{{.status = {Kind::exited, inline_link(link).worker().exit_code(), false}}};
}

void InlineDispatcher::log_error(const std::string& text) noexcept { callbacks_.log_error(text); }

std::size_t InlineDispatcher::descriptor_limit() noexcept { return platform::descriptor_limit(); }

}  // namespace brood::pool

#include "pool/calls/call_state.hpp"

#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "wire/exception.hpp"

namespace brood {

namespace pool {

namespace {

// Descriptors stay as long as the bytes that need them.
detail::Piece to_piece(const ArrivedResults& results) {
  detail::Bytes bytes(results.bytes);
  bytes.attach_all(results.attached);
  return {.first = results.first,
          .count = results.count,
          .shape = results.shape,
          .bytes = std::move(bytes),
          .failure = {}};
}

// Of a result that was dropped unread. That its task was cancelled is no news then.
void report_error(const std::exception_ptr& error, const ErrorHandler& handler) {
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return;
  } catch (...) {
    if (handler) return handler(error);
    base::log_error("the error of a task that was not asked for: " +
                    wire::describe_exception(error));
  }
}

}  // namespace

CallState::CallState(std::weak_ptr<CallHost> pool, detail::JobSpec&& spec)
    : CallJob(std::move(spec.terms), spec.results),
      pool_(std::move(pool)),
      kind_(spec.kind),
      policy_(spec.policy),
      chunk_(spec.chunk),
      target_(spec.target),
      arguments_(spec.kind, spec.definition, std::move(spec.elements)),
      outcome_(spec.kind, spec.policy) {
  if (is_stream()) reader_.become_this_thread();
}

JobTraits CallState::traits() const {
  JobTraits traits = traits_of(terms());
  traits.self_contained = arguments_.self_contained();
  traits.folded = result_shape().folded;
  traits.definition_bytes = arguments_.definition()->bytes.size();
  traits.fail_fast = policy_ == detail::ErrorPolicy::fail_fast;
  traits.chunk = chunk_;
  traits.cost_key = arguments_.definition()->cost_key;
  traits.element_bytes = arguments_.mean_size();
  return traits;
}

// Perhaps in the dispatcher, under the core's lock: what the error is, which may take code of the
// user's to say, is left to the thread for callbacks.
CallState::~CallState() {
  if (observed_.load(std::memory_order_relaxed) || !finished() || !failed()) return;
  const std::shared_ptr<CallHost> pool = pool_.lock();
  if (pool && !pool->in_owner()) return;  // a forked copy
  try {
    auto report = [handler = pool ? pool->unobserved_error() : ErrorHandler(),
                   outcome = std::make_shared<const CallOutcome>(std::move(outcome_))] {
      report_error(outcome->error(), handler);
    };
    if (pool) {
      pool->callbacks().post(std::function<void()>(std::move(report)));
    } else {
      report();
    }
  } catch (...) {  // no memory, no thread
    wire::log_exception("the error of a task is lost: ");
  }
}

// --- what has come ---

// Counted before it can be taken: a thread that has it finds it counted.
void CallState::keep(detail::Piece&& piece) {
  const std::size_t count = piece.count;
  const base::MutexLock lock(mutex_);
  outcome_.add(std::move(piece));
  done_.fetch_add(count, std::memory_order_release);
}

// The caller's memory is as large as its own count says: nothing else decides what is copied there.
void CallState::deliver(const ArrivedResults& results, Callbacks&) {
  if (target_ != nullptr) {
    check(results);
    const std::size_t stride = result_shape().stride;
    std::memcpy(target_ + results.first * stride, results.bytes.data(), results.count * stride);
    done_.fetch_add(results.count, std::memory_order_release);
  } else {
    // It owns its memory, which the analyzer loses on the way.
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
    keep(to_piece(results));
  }
  arguments_.release(results.first, results.count);
  completion_.notify_piece();
}

void CallState::fail(std::size_t index, std::unique_ptr<detail::Failure> failure, Callbacks&) {
  keep({.first = index, .count = 1, .shape = {}, .bytes = {}, .failure = std::move(failure)});
  arguments_.release(index, 1);
  completion_.notify_piece();
}

void CallState::finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept {
  mutex_.lock();
  outcome_.fail(error);
  end(callbacks);
}

void CallState::conclude(const ArrivedResults& results, Callbacks& callbacks) {
  if (finished()) return;                   // cancelled meanwhile
  detail::Piece piece = to_piece(results);  // here, where memory may be refused
  mutex_.lock();
  outcome_.add(std::move(piece));
  drop_arguments();
  done_.store(1, std::memory_order_relaxed);
  end(callbacks);
}

// What a callback holds is the user's and must not be destroyed here, under the core's lock.
// Nothing is allocated: a callback that could not be posted would be one that is waited for in
// vain.
void CallState::end(Callbacks& callbacks) noexcept {
  Callbacks::Calls waiting = std::move(callbacks_);
  completion_.finish();
  mutex_.unlock();
  completion_.notify_end();
  if (waiting.empty()) return;
  for (Callbacks::Call& one : waiting) one.keep = shared_from_this();
  callbacks.post(std::move(waiting));
}

// --- callers ---

// False when the deadline has passed. Looks up now and then: the program may have closed what would
// have woken the dispatcher.
bool CallState::sleep(std::uint32_t seen, const detail::Deadline& deadline,
                      Completion::Until until) {
  for (;;) {
    const Completion::Awake why = completion_.sleep(seen, deadline, until);
    if (why != Completion::Awake::to_look_up) return why == Completion::Awake::by_event;
    if (const auto pool = pool_.lock()) pool->look_for_loss();
  }
}

bool CallState::wait(const detail::Deadline& deadline) {
  for (;;) {
    const std::uint32_t seen = completion_.state();
    if (Completion::is_end(seen)) return true;
    if (!sleep(seen, deadline, Completion::Until::end)) return finished();
  }
}

std::vector<detail::Piece> CallState::take_pieces(const detail::Deadline& deadline) {
  if (!finished()) completion_.check_process();  // before the lock, which a lost thread may hold
  for (;;) {
    const std::uint32_t seen = completion_.state();
    {
      const base::MutexLock lock(mutex_);
      std::vector<detail::Piece> pieces = outcome_.take();
      if (!pieces.empty()) return pieces;
    }
    if (Completion::is_end(seen) || !sleep(seen, deadline, Completion::Until::piece)) return {};
    if (target_ != nullptr) return {};  // progress without a piece
  }
}

std::exception_ptr CallState::error() const {
  if (failed()) observed_.store(true, std::memory_order_relaxed);
  return outcome_.error();
}

bool CallState::cancel(Kill kill) {
  const std::shared_ptr<CallHost> pool = pool_.lock();
  return pool && pool->cancel(*this, kill);
}

bool CallState::cut_short() noexcept {
  const bool stuck = is_stream() && !cut_short_ && reader_.cannot_go_on();
  if (stuck) cut_short_ = true;
  return stuck;
}

// A stream is cut short by its reader, or when that has ended: not while its reader is here.
detail::Intake CallState::intake() {
  if (finished())
    return cut_short_ && !failed() ? detail::Intake::cut_short : detail::Intake::ended;
  if (!reader_.is_this_thread()) {
    const std::shared_ptr<CallHost> pool = pool_.lock();
    if (!pool) return detail::Intake::ended;
    pool->note_reader(*this);
  }
  return reader_.is_this_thread() && !cut_short_ ? detail::Intake::open : detail::Intake::cut_short;
}

void CallState::extend(detail::Elements more, detail::Input input) {
  if (const std::shared_ptr<CallHost> pool = pool_.lock())
    pool->extend(*this, std::move(more), input);
}

void CallState::when_finished(std::function<void()> callback) {
  completion_.check_process();
  const std::shared_ptr<CallHost> pool = pool_.lock();
  Callbacks::Calls one;
  one.push_back({std::move(callback), nullptr});
  if (pool) pool->callbacks().start();  // here, where it can be refused
  {
    const base::MutexLock lock(mutex_);
    if (!finished()) return callbacks_.splice(callbacks_.end(), one);
  }
  // The callback knows the call by address, and the result may be dropped at once.
  one.front().keep = shared_from_this();
  if (pool) return pool->callbacks().post(std::move(one));
  one.front().run();  // the pool is gone, and with it its thread for callbacks
}

}  // namespace pool

namespace detail {

Job::~Job() = default;

std::exception_ptr to_exception(const Failure& failure, std::size_t index) {
  if (failure.local) return failure.local;
  return wire::decode_exception(failure.encoded->view(), failure.worker, index, failure.attempts);
}

void throw_timeout() {
  throw TimeoutError("a result, which was not ready in time; its task goes on");
}
std::exception_ptr joined_too_early() {
  return std::make_exception_ptr(PoolClosed(
      "brood::Pool: join() was called before this imap had taken all of its input, which "
      "join() does not wait for: read the results first"));
}
void throw_not_ready() {
  throw UsageError("AsyncResult::successful() before the result is ready: call wait() first");
}

}  // namespace detail
}  // namespace brood

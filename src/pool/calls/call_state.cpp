#include "pool/calls/call_state.hpp"

#include <cstring>
#include <utility>

#include "pool/calls/failure_keeper.hpp"
#include "wire/exception.hpp"

namespace brood {

namespace pool {

CallState::CallState(std::weak_ptr<PoolForCalls> pool, detail::JobSpec&& spec)
    : AwaitedCall(std::move(pool)),
      CallJob(std::move(spec.terms), spec.results),
      kind_(spec.kind),
      policy_(spec.policy),
      chunk_(spec.chunk),
      queued_(spec.queued),
      target_(spec.target),
      arguments_(spec.kind, spec.definition, std::move(spec.elements)),
      results_(spec.kind) {
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

// --- what has come ---

// Counted before it can be taken: a thread that has it finds it counted.
void CallState::keep(detail::Piece&& piece) {
  const std::size_t count = piece.count;
  if (piece.failure) failures_.fetch_add(1, std::memory_order_relaxed);
  if (piece.failure && policy_ != detail::ErrorPolicy::isolate) {
    failure_.add(std::move(piece));
    done_.fetch_add(count, std::memory_order_release);
    return;
  }
  const base::MutexLock lock(mutex_);
  results_.add(std::move(piece));
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

// --- callers ---

std::vector<detail::Piece> CallState::take_pieces(const detail::Deadline& deadline) {
  if (!finished()) completion_.check_process();  // before the lock, which a lost thread may hold
  for (;;) {
    const std::uint32_t seen = completion_.state();
    {
      const base::MutexLock lock(mutex_);
      std::vector<detail::Piece> pieces = results_.take();
      if (!pieces.empty()) return pieces;
    }
    if (Completion::is_end(seen) || !sleep(seen, deadline, Completion::Until::piece)) return {};
    if (target_ != nullptr) return {};  // progress without a piece
  }
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
    const std::shared_ptr<PoolForCalls> owner = pool();
    if (!owner) return detail::Intake::ended;
    owner->note_reader(*this);
  }
  return reader_.is_this_thread() && !cut_short_ ? detail::Intake::open : detail::Intake::cut_short;
}

void CallState::extend(detail::Elements more, detail::Input input) {
  if (const std::shared_ptr<PoolForCalls> owner = pool())
    owner->extend(*this, std::move(more), input);
}

}  // namespace pool

namespace detail {

Job::~Job() = default;

namespace {

Attempts kept_in(const Attempts& attempts, const std::string& file) {
  return {.count = attempts.count, .earlier = attempts.earlier, .saved = file};
}

Attempts attempts_of(const TaskPlace& place, const std::string& file) {
  return {.count = place.attempt(), .earlier = place.earlier_attempts(), .saved = file};
}

// Made anew, with the file: what it says was laid down before there was one.
std::exception_ptr with_file(const std::exception_ptr& error, const std::string& file) {
  try {
    std::rethrow_exception(error);
  } catch (const WorkerLost& lost) {
    return std::make_exception_ptr(
        WorkerLost(lost.status(), {lost.worker_name(), lost.worker_pid()}, lost.index(),
                   std::make_shared<const CrashReport>(lost.report()), attempts_of(lost, file)));
  } catch (const TaskTimeout& late) {
    return std::make_exception_ptr(TaskTimeout(late.limit(), late.index(),
                                               {late.worker_name(), late.worker_pid()},
                                               attempts_of(late, file)));
  } catch (...) {
    return error;
  }
}

}  // namespace

std::exception_ptr to_exception(const Failure& failure, std::size_t index) {
  const std::string file = failure.saved ? failure.saved->path() : std::string();
  if (failure.local) return file.empty() ? failure.local : with_file(failure.local, file);
  if (file.empty())
    return wire::decode_exception(failure.encoded->view(), failure.worker, index, failure.attempts);
  return wire::decode_exception(failure.encoded->view(), failure.worker, index,
                                kept_in(failure.attempts, file));
}

void throw_timeout() {
  throw TimeoutError("a result, which was not ready in time; its task goes on");
}
std::exception_ptr joined_too_early() {
  return std::make_exception_ptr(PoolClosed(
      "brood::Pool: join() was called before this imap had taken all of its input, which "
      "join() does not wait for: read the results first"));
}
void throw_moved_from(const char* what) {
  throw UsageError(std::string("brood: use of a ") + what + " that was moved from");
}

void throw_not_ready() {
  throw UsageError("AsyncResult::successful() before the result is ready: call wait() first");
}

}  // namespace detail
}  // namespace brood

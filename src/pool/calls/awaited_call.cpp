#include "pool/calls/awaited_call.hpp"

#include <chrono>

#include "base/log.hpp"
#include "wire/exception.hpp"

namespace brood::pool {

namespace {

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

// Perhaps in the dispatcher, under the core's lock: what the error is, which may take code of the
// user's to say, is left to the thread for callbacks.
AwaitedCall::~AwaitedCall() {
  if (observed_.load(std::memory_order_relaxed) || !completion_.finished() || !failure_.has_come())
    return;
  const std::shared_ptr<PoolForCalls> owner = pool();
  if (owner && !owner->in_owner()) return;  // a forked copy
  try {
    auto report = [handler = owner ? owner->unobserved_error() : ErrorHandler(),
                   failure = std::make_shared<const CallFailure>(std::move(failure_))] {
      report_error(failure->error(), handler);
    };
    if (owner) {
      owner->callbacks().post(std::function<void()>(std::move(report)));
    } else {
      report();
    }
  } catch (...) {  // no memory, no thread
    wire::log_exception("the error of a task is lost: ");
  }
}

void AwaitedCall::conclude(const std::exception_ptr& error, Callbacks& callbacks) noexcept {
  failure_.fail(error);
  callbacks.end(completion_, at_end_);
}

// Looks up now and then: the program may have closed what would have woken the dispatcher.
bool AwaitedCall::sleep(std::uint32_t seen, const detail::Deadline& deadline,
                        Completion::Until until) {
  if (const auto owner = pool(); owner && owner->runs_in_callers())
    return help(*owner, seen, deadline, until);
  for (;;) {
    const Completion::Awake why = completion_.sleep(seen, deadline, until);
    if (why != Completion::Awake::to_look_up) return why == Completion::Awake::by_event;
    if (const auto owner = pool()) owner->look_for_loss();
  }
}

// Where there is nothing to run for this thread another one runs elements, or time has to pass
// before another attempt.
bool AwaitedCall::help(PoolForCalls& owner, std::uint32_t seen, const detail::Deadline& deadline,
                       Completion::Until until) {
  constexpr std::chrono::milliseconds between_looks{5};
  completion_.check_process();
  for (;;) {
    if (owner.run_some()) return true;
    const auto next_look = std::chrono::steady_clock::now() + between_looks;
    const bool is_last = deadline && *deadline <= next_look;
    const Completion::Awake why = completion_.sleep(seen, is_last ? deadline : next_look, until);
    if (why == Completion::Awake::by_event) return true;
    if (is_last) return false;
  }
}

bool AwaitedCall::wait(const detail::Deadline& deadline) {
  for (;;) {
    const std::uint32_t seen = completion_.state();
    if (Completion::is_end(seen)) return true;
    if (!sleep(seen, deadline, Completion::Until::end)) return finished();
  }
}

std::exception_ptr AwaitedCall::error() const {
  if (failed()) observed_.store(true, std::memory_order_relaxed);
  return failure_.error();
}

bool AwaitedCall::cancel(Kill kill) {
  const std::shared_ptr<PoolForCalls> owner = pool();
  return owner && owner->cancel(*this, kill);
}

void AwaitedCall::when_finished(std::function<void()> callback) {
  completion_.check_process();
  if (const std::shared_ptr<PoolForCalls> owner = pool())
    return owner->callbacks().when_finished(completion_, at_end_, std::move(callback));
  // The pool is gone, and with it its thread for callbacks. It has ended all of its calls before.
  Callbacks::call(callback);
}

// Where it has ended no lock is taken: in a forked child a lost thread may hold it.
void AwaitedCall::watch(EndWatch& watch) {
  if (finished()) return watch.tell();
  completion_.check_process();
  if (const std::shared_ptr<PoolForCalls> owner = pool())
    return owner->callbacks().watch(completion_, at_end_, watch);
  watch.tell();
}

// In a forked child nothing watches a call of its parent's, whose lock may be held for ever there.
void AwaitedCall::unwatch(EndWatch& watch) noexcept {
  if (const std::shared_ptr<PoolForCalls> owner = pool(); owner && owner->in_owner())
    owner->callbacks().unwatch(at_end_, watch);
}

}  // namespace brood::pool

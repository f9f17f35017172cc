#include "soak/caller.hpp"

#include <algorithm>
#include <optional>
#include <thread>

namespace brood::soak {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t largest_payload = std::size_t{1} << 20;  // bytes
constexpr std::size_t largest_map = std::size_t{4} << 20;      // bytes of all its payloads

std::atomic<std::uint32_t> next_number{0};

/// The element that an error tells of, where it does.
std::optional<std::size_t> index_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const WorkerLost& lost) {
    return lost.index();
  } catch (const TaskTimeout& late) {
    return late.index();
  } catch (const TaskError& thrown) {
    return thrown.index();
  } catch (const std::nested_exception& thrown) {
    return thrown.nested_ptr() ? index_of(thrown.nested_ptr()) : std::nullopt;
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace

void Caller::run() {
  while (!place_.enough && !closed_) {
    try {
      call_once();
    } catch (const std::exception& error) {
      place_.referee.complain(std::string(place_.doing.load()) + " threw " + error.what());
      return;
    }
  }
  place_.doing = "nothing";
}

void Caller::call_once() {
  static constexpr struct {
    const char* name;
    void (Caller::*call)();
  } calls[] = {{"apply", &Caller::apply},         {"map", &Caller::map},
               {"map_async", &Caller::map_async}, {"try_map", &Caller::try_map},
               {"imap", &Caller::imap},           {"apply_async", &Caller::burst}};
  const auto& chosen = calls[dice_.up_to(std::size(calls) - 1)];
  place_.doing = chosen.name;
  (this->*chosen.call)();
}

Deed Caller::deed(bool may_hang) {
  if (tame_) return Deed::answers;
  const std::uint64_t roll = dice_.up_to(999);
  if (roll < 30) return Deed::throws;
  if (roll < 36) return Deed::exits;
  if (roll < 42) return Deed::dies;
  if (!may_hang || roll >= 50) return Deed::answers;
  return roll < 46 ? Deed::pauses : roll < 49 ? Deed::computes : Deed::resists;
}

Order Caller::order(std::uint32_t number, std::size_t largest, bool may_hang) {
  Order made;
  made.number = number;
  made.deed = deed(may_hang);
  made.microseconds = static_cast<std::uint32_t>(dice_.magnitude(2000));
  made.answer_size = static_cast<std::uint32_t>(dice_.magnitude(largest));
  made.payload = payload_of(made.number, dice_.magnitude(largest));
  Ledger::open_page(made.number);
  return made;
}

Caller::Plan Caller::plan(std::size_t count) {
  Plan made;
  tame_ = dice_.percent(40);
  made.terms.timeout = dice_.percent(40);
  if (made.terms.timeout) made.options.timeout = milliseconds(20 + dice_.up_to(100));
  if (dice_.percent(20)) made.options.retries = static_cast<int>(dice_.up_to(2));
  if (dice_.percent(20)) made.options.exception_retries = static_cast<int>(dice_.up_to(2));
  if (dice_.percent(10)) made.options.retry_delay = milliseconds(1 + dice_.up_to(20));
  if (dice_.percent(30)) made.options.priority = static_cast<int>(dice_.up_to(2)) - 1;
  // Deaths and timeouts are counted apart.
  made.terms.retries =
      static_cast<unsigned>(2 * made.options.retries + made.options.exception_retries.value_or(0));
  if (dice_.percent(30)) made.options.chunk = 1 + dice_.up_to(20);
  if (dice_.percent(50)) made.options.window = 1 + dice_.up_to(63);
  if (dice_.percent(50)) made.options.on_error = OnError::finish;
  const std::size_t largest = std::min(largest_payload, largest_map / count);
  std::uint32_t number = next_number.fetch_add(static_cast<std::uint32_t>(count));
  while (made.orders.size() < count)
    made.orders.push_back(order(number++, largest, made.terms.timeout));
  place_.referee.tally.given += count;
  return made;
}

// True if the error in flight says that the call was not taken.
bool Caller::refused(const Plan& plan) {
  try {
    throw;
  } catch (const UsageError&) {
    place_.referee.judge_refusal(std::current_exception(), plan.orders.size(), place_.ending);
    closed_ = true;
    return true;
  } catch (...) {
    return false;
  }
}

void Caller::apply() {
  const Plan made = plan(1);
  try {
    const Answer answer = place_.pool.with(made.options).apply(obey, made.orders[0]);
    place_.referee.judge(made.orders[0], answer, made.terms);
  } catch (...) {
    if (!refused(made)) judge(made.orders[0], std::current_exception(), made.terms);
  }
}

void Caller::judge_map(const Plan& plan, const std::vector<Answer>& answers) {
  if (answers.size() != plan.orders.size())
    return place_.referee.complain("a map gave another number of values");
  for (std::size_t i = 0; i < answers.size(); ++i)
    place_.referee.judge(plan.orders[i], answers[i], plan.terms);
}

void Caller::judge_map(const Plan& plan, const std::exception_ptr& error) {
  const std::size_t index = index_of(error).value_or(0);
  judge(plan.orders.at(index), error, plan.terms);
  place_.referee.tally.dropped += plan.orders.size() - 1;
}

void Caller::map() {
  const Plan made = plan(1 + dice_.magnitude(300));
  try {
    judge_map(made, place_.pool.with(made.options).map(obey, made.orders));
  } catch (...) {
    if (!refused(made)) judge_map(made, std::current_exception());
  }
}

template <class R>
void Caller::cancel(AsyncResult<R>& result, Kill kill, Terms& terms) {
  ++place_.referee.tally.cancels;
  terms.cancelled = result.cancel(kill);
  terms.killed = kill == Kill::yes;
}

// The owner's view of what a worker runs may lag: then cancel() says no although it is not ready.
template <class R>
void Caller::cancel_surely(AsyncResult<R>& result, Terms& terms) {
  cancel(result, Kill::yes, terms);
  while (!terms.cancelled && !result.wait_for(milliseconds(1))) cancel(result, Kill::yes, terms);
}

void Caller::map_async() {
  Plan made = plan(1 + dice_.magnitude(300));
  try {
    auto result = place_.pool.with(made.options).map_async(obey, made.orders);
    if (dice_.percent(40)) {
      result.wait_for(microseconds(dice_.magnitude(20000)));
      Terms whole;  // of some elements it may be too late to say that they will not run
      cancel(result, dice_.percent(50) ? Kill::yes : Kill::no, whole);
      made.terms.cancelled = whole.cancelled;
      made.terms.killed = true;
    }
    judge_map(made, result.get());
  } catch (...) {
    if (!refused(made)) judge_map(made, std::current_exception());
  }
}

void Caller::try_map() {
  const Plan made = plan(1 + dice_.magnitude(300));
  try {
    const auto outcomes = place_.pool.with(made.options).try_map(obey, made.orders);
    for (std::size_t i = 0; i < made.orders.size(); ++i) {
      if (outcomes.at(i)) {
        place_.referee.judge(made.orders[i], outcomes[i].value(), made.terms);
      } else {
        judge(made.orders[i], outcomes[i].error(), made.terms);
      }
    }
  } catch (...) {
    if (!refused(made)) throw;
  }
}

void Caller::imap() {
  const Plan made = plan(1 + dice_.magnitude(300));
  const std::size_t wanted =
      dice_.percent(30) ? dice_.up_to(made.orders.size()) : made.orders.size();
  std::size_t taken = 0;
  try {
    PoolCalls calls = place_.pool.with(made.options);
    const bool in_order = dice_.percent(50);
    auto range = in_order ? calls.imap(obey, made.orders) : calls.imap_unordered(obey, made.orders);
    for (; taken < wanted; ++taken) {
      const auto outcome = range.next_outcome();
      if (!outcome) break;
      if (*outcome) {
        const std::size_t index = outcome->value().number - made.orders[0].number;
        if (in_order && index != taken) place_.referee.complain("an imap gave another order's");
        place_.referee.judge(made.orders.at(index), outcome->value(), made.terms);
      } else {
        const std::size_t index = index_of(outcome->error()).value_or(taken);
        judge(made.orders.at(index), outcome->error(), made.terms);
      }
    }
  } catch (...) {
    if (!refused(made)) throw;
    return;
  }
  place_.referee.tally.dropped += made.orders.size() - taken;
  if (taken < wanted && !place_.ending) place_.referee.complain("an imap ended early");
}

AsyncResult<Answer> Caller::give(const Plan& plan, const Order& order) {
  return place_.pool.with(plan.options).apply_async(obey, order);
}

void Caller::burst() {
  Plan made = plan(1 + dice_.magnitude(200));
  std::vector<AsyncResult<Answer>> results;
  std::vector<Terms> terms(made.orders.size(), made.terms);
  try {
    for (Order& order : made.orders) {
      if (!tame_ && dice_.percent(1)) order.deed = Deed::pauses;
      results.push_back(give(made, order));
    }
  } catch (...) {
    Plan rest;
    rest.orders.assign(made.orders.begin() + static_cast<std::ptrdiff_t>(results.size()),
                       made.orders.end());
    if (!refused(rest)) throw;
  }
  if (dice_.percent(30)) std::this_thread::sleep_for(microseconds(dice_.magnitude(20000)));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (made.orders[i].hangs() && !made.terms.timeout) {
      cancel_surely(results[i], terms[i]);
    } else if (dice_.percent(5)) {
      cancel(results[i], dice_.percent(50) ? Kill::yes : Kill::no, terms[i]);
    }
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    try {
      place_.referee.judge(made.orders[i], results[i].get(), terms[i]);
    } catch (...) {
      judge(made.orders[i], std::current_exception(), terms[i]);
    }
  }
}

}  // namespace brood::soak

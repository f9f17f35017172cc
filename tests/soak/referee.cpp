#include "soak/referee.hpp"

#include <csignal>
#include <cstdio>

namespace brood::soak {

namespace {

constexpr int most_complaints = 20;  // that are printed

std::string described(const Order& order) {
  static constexpr const char* deeds[] = {"answers", "throws",   "exits",  "dies",
                                          "pauses",  "computes", "resists"};
  return "order " + std::to_string(order.number) + ", which " +
         deeds[static_cast<std::size_t>(order.deed)];
}

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

}  // namespace

void Referee::complain(const std::string& text) {
  if (complaints_++ < most_complaints) std::printf("WRONG: %s\n", text.c_str());
  std::fflush(stdout);
}

// Nothing runs more often than was asked for.
void Referee::expect_begun(const Order& order, unsigned least, const Terms& terms) {
  const unsigned times = Ledger::times_begun(order.number);
  if (times >= least && times <= 1 + terms.retries) return;
  complain(described(order) + " was begun " + std::to_string(times) + " times with " +
           std::to_string(terms.retries) + " retries, at least " + std::to_string(least) +
           " expected");
}

void Referee::judge(const Order& order, const Answer& answer, const Terms& terms) {
  ++tally.values;
  if (order.deed != Deed::answers || !answer.is_right_for(order))
    complain(described(order) + " gave a wrong value");
  if (terms.cancelled) complain(described(order) + " gave a value though it was cancelled");
  expect_begun(order, 1, terms);
}

void Referee::judge_loss(const Order& order, const WorkerLost& lost, const Terms& terms) {
  ++tally.lost;
  const bool own_exit =
      order.deed == Deed::exits && lost.exit_code() == static_cast<int>(order.number % 3);
  const bool own_death = order.deed == Deed::dies && lost.signal() == SIGUSR1;
  const bool untold = lost.status().kind == ExitStatus::Kind::lost && tally.servers != 0;
  if (!own_exit && !own_death && !untold) {
    ++tally.innocent;
    if (lost.signal() != SIGKILL) complain(described(order) + ": " + lost.what());
  }
  expect_begun(order, own_exit || own_death ? 1 : 0, terms);
}

void Referee::judge(const Order& order, const std::exception_ptr& error, const Terms& terms,
                    const Ending& ending) {
  try {
    std::rethrow_exception(error);
  } catch (const WorkerLost& lost) {
    judge_loss(order, lost, terms);
  } catch (const TaskTimeout& late) {
    ++tally.timed_out;
    if (!terms.timeout) complain(described(order) + " has no limit: " + late.what());
    expect_begun(order, 0, terms);
  } catch (const Cancelled&) {
    ++tally.cancelled;
    if (!terms.cancelled && !ending)
      complain(described(order) + " was cancelled by nobody: " + text_of(error));
    // cancel() without Kill::yes said that it will not run, or not again.
    if (terms.cancelled && !terms.killed && terms.retries == 0 &&
        Ledger::times_begun(order.number) != 0)
      complain(described(order) + " ran though cancel() said that it would not");
    expect_begun(order, 0, terms);
  } catch (const std::exception& thrown) {
    ++tally.exceptions;
    if (order.deed != Deed::throws || thrown.what() != "order " + std::to_string(order.number))
      complain(described(order) + " ended in another error: " + text_of(error));
    expect_begun(order, 1, terms);
  }
}

void Referee::judge_refusal(const std::exception_ptr& error, std::uint64_t orders,
                            const Ending& ending) {
  tally.refused += orders;
  try {
    std::rethrow_exception(error);
  } catch (const PoolClosed&) {
    if (ending) return;
  } catch (const std::exception&) {
  }
  complain("a call was refused: " + text_of(error));
}

}  // namespace brood::soak

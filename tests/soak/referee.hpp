#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <string>

#include "soak/order.hpp"

// Counts outcomes and says which of them may not be.
namespace brood::soak {

using Counter = std::atomic<std::uint64_t>;

struct Tally {
  Counter given{0}, refused{0};  // refused: the pool was closed
  Counter values{0}, exceptions{0}, lost{0}, timed_out{0}, cancelled{0}, dropped{0};
  Counter innocent{0};  // lost, and not by what they were told to do
  Counter kills{0}, stalls{0}, cancels{0}, pools{0};
  Counter servers{0};  // fork servers killed: how their workers end is unknown then

  std::uint64_t outcomes() const {
    return refused + values + exceptions + lost + timed_out + cancelled + dropped;
  }
};

/// What may happen to an order beyond what it says.
struct Terms {
  bool timeout = false;
  unsigned retries = 0;
  bool cancelled = false;  // cancel() has been called and has said yes
  bool killed = false;     // with Kill::yes
};

/// Threads: any.
class Referee {
 public:
  Tally tally;

  /// The pool of this flag is being ended: its tasks may be refused, and cancelled.
  using Ending = std::atomic<bool>;

  void judge(const Order& order, const Answer& answer, const Terms& terms);
  void judge(const Order& order, const std::exception_ptr& error, const Terms& terms,
             const Ending& ending);
  /// A call that was to be given failed instead.
  void judge_refusal(const std::exception_ptr& error, std::uint64_t orders, const Ending& ending);
  void complain(const std::string& text);
  bool satisfied() const { return complaints_ == 0; }

 private:
  void judge_loss(const Order& order, const WorkerLost& lost, const Terms& terms);
  void expect_begun(const Order& order, unsigned least, const Terms& terms);
  std::atomic<int> complaints_{0};
};

}  // namespace brood::soak

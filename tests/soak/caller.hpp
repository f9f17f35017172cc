#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "soak/referee.hpp"
#include "support/dice.hpp"

namespace brood::soak {

using testing::Dice;

/// One thread's random calls on a pool, until it is told to stop or its pool is ended.
class Caller {
 public:
  struct Place {
    Pool& pool;
    Referee& referee;
    const Referee::Ending& ending;
    const std::atomic<bool>& enough;
    std::atomic<const char*>& doing;  // for the report of a stall
  };
  Caller(Place place, std::uint64_t seed) : place_(place), dice_(seed) {}
  void run();

 private:
  struct Plan {
    CallOptions options;
    Terms terms;
    std::vector<Order> orders;
  };
  void call_once();
  void apply();
  void map();
  void map_async();
  void try_map();
  void imap();
  void burst();
  Plan plan(std::size_t count);
  Order order(std::uint32_t number, std::size_t largest, bool may_hang);
  Deed deed(bool may_hang);
  AsyncResult<Answer> give(const Plan& plan, const Order& order);
  /// Gives up a running or waiting task, as AsyncResult::cancel; fills in `terms`.
  template <class R>
  void cancel(AsyncResult<R>& result, Kill kill, Terms& terms);
  template <class R>
  void cancel_surely(AsyncResult<R>& result, Terms& terms);
  void judge(const Order& order, const std::exception_ptr& error, const Terms& terms) {
    place_.referee.judge(order, error, terms, place_.ending);
  }
  void judge_map(const Plan& plan, const std::vector<Answer>& answers);
  /// A call as a whole: the error is that of one of its orders, the others have been dropped.
  void judge_map(const Plan& plan, const std::exception_ptr& error);
  bool refused(const Plan& plan);

  Place place_;
  Dice dice_;
  bool tame_ = false;    // the orders of this plan all answer
  bool closed_ = false;  // the pool takes no more
};

}  // namespace brood::soak

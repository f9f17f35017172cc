#pragma once

#include <deque>
#include <optional>

#include <brood/kill.hpp>
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// What was begun and goes on when all questions have their answers.
struct Intent {
  enum class Kind : std::uint8_t {
    pump,              // all of it
    balance,           // with what `look` has shown
    share,             // what was taken back for idle workers
    settle_workers,    // the end of a pump: workers leave
    retire,            // the old, with what `look` has shown
    cancel,            // element `index` of `job`, or `all` of it
    end_cancel,        // with what was taken back
    settle,            // `job`, which drains
    stop_late,         // `worker`, in which the element at `sequence` has run for too long
    stop_unbegun,      // `worker`, which has not begun its head, at `sequence`
    stop_element,      // `worker`, and charge what it runs
    end_stop_element,  // with what was taken back
  };
  Kind kind;
  Kill kill = Kill::no;  // cancel: also what runs
  bool any = false;      // end_cancel: something will not run
  WorkerId worker = 0;
  Time now{};
  JobId job = 0;
  std::size_t index = Action::all;
  std::size_t assigned = 0;  // end_cancel: before
  std::uint64_t sequence = 0;

  /// Whether it has no meaning without `worker`.
  bool is_of_worker() const noexcept {
    switch (kind) {
      case Kind::stop_late:
      case Kind::stop_unbegun:
      case Kind::stop_element:
      case Kind::end_stop_element:
        return true;
      default:
        return false;
    }
  }
};

/// In their order.
class Intents {
 public:
  bool empty() const noexcept { return intents_.empty(); }
  void add(const Intent& intent) { intents_.push_back(intent); }
  Intent take_next() {
    const Intent next = intents_.front();
    intents_.pop_front();
    return next;
  }
  /// The worker is gone.
  void drop(WorkerId worker) {
    std::erase_if(intents_, [worker](const Intent& intent) {
      return intent.is_of_worker() && intent.worker == worker;
    });
  }

 private:
  std::deque<Intent> intents_;
};

}  // namespace brood::pool

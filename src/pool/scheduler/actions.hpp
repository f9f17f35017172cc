#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// What is to be done, in order. Questions to a worker's page (`look`, `revoke`) go before all
/// else: the answers decide what else is to be done.
class Actions {
 public:
  void add(const Action& action) { actions_.push_back(action); }
  /// `look` or `revoke`.
  void ask(Action::Kind kind, WorkerId worker, std::uint64_t fence) {
    questions_.push_back({kind, worker, fence});
  }
  /// Questions for the worker that have not been handed out.
  void withdraw(WorkerId worker) {
    std::erase_if(questions_, [worker](const Question& asked) { return asked.worker == worker; });
  }
  std::optional<Action> next() {
    if (!questions_.empty()) {
      const Question asked = questions_.front();
      questions_.pop_front();
      return Action{.kind = asked.kind, .worker = asked.worker, .fence = asked.fence};
    }
    if (next_ == actions_.size()) {
      actions_.clear();  // keeps its memory
      next_ = 0;
      return std::nullopt;
    }
    return actions_[next_++];
  }

 private:
  struct Question {
    Action::Kind kind;
    WorkerId worker;
    std::uint64_t fence;
  };
  std::deque<Question> questions_;
  std::vector<Action> actions_;
  std::size_t next_ = 0;  // those before have been handed out
};

}  // namespace brood::pool

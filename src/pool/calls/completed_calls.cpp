#include <brood/detail/pool/completed_calls.hpp>

#include <brood/errors.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "platform/process.hpp"
#include "pool/calls/awaited_call.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/calls/completion.hpp"
#include "pool/calls/pool_for_calls.hpp"

namespace brood {

namespace detail {

/// Each call that has not ended has a watch in the list of its pool's Callbacks. Told of the end,
/// it leaves the call's number here and wakes the taker.
class CompletedCalls::State {
 public:
  explicit State(std::vector<JobHandle> calls) : left_(calls.size()) {
    ended_.reserve(calls.size());
    for (JobHandle& call : calls) watches_.emplace_back(*this, std::move(call));
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  // In a forked child no thread tells any watch.
  ~State() {
    if (generation_ != platform::fork_generation()) return;
    for (Watch& watch : watches_) {
      if (watch.call) call_of(watch).unwatch(watch);
    }
  }

  /// Those first that have ended already.
  void start() {
    std::vector<Watch*> others;
    for (Watch& watch : watches_) {
      if (watch.call->finished())
        watch.tell();
      else
        others.push_back(&watch);
    }
    for (Watch* const watch : others) {
      if (const auto pool = call_of(*watch).pool()) pools_.insert(pool);
      call_of(*watch).watch(*watch);
    }
  }
  std::optional<std::size_t> next(const Deadline& deadline) {
    arrivals_.check_process();  // before the lock, which a lost thread may hold
    std::uint32_t seen = 0;
    for (bool in_time = left_ != 0;; in_time = sleep(seen, deadline)) {
      seen = arrivals_.state();
      if (Watch* const watch = take()) return give(*watch);
      if (!in_time) return std::nullopt;
    }
  }
  std::size_t left() const noexcept { return left_; }

 private:
  struct Watch final : pool::EndWatch {
    Watch(State& its_state, JobHandle its_call)
        : state(its_state), call(std::move(its_call)), number(its_state.watches_.size()) {}
    void tell() noexcept override { state.ended(*this); }
    State& state;
    JobHandle call;  // null: its number has been given
    const std::size_t number;
  };
  // The core makes no other jobs.
  static pool::AwaitedCall& call_of(const Watch& watch) {
    return static_cast<pool::AwaitedCall&>(*watch.call);
  }
  // The lock is held to the end: the taker of the last number may destroy this object then.
  void ended(Watch& watch) noexcept {
    const base::MutexLock lock(mutex_);
    ended_.push_back(&watch);
    arrivals_.notify_piece();
  }
  Watch* take() {
    const base::MutexLock lock(mutex_);
    return taken_ == ended_.size() ? nullptr : ended_[taken_++];
  }
  std::size_t give(Watch& watch) noexcept {
    --left_;
    watch.call.reset();
    return watch.number;
  }
  // Looks up now and then as AwaitedCall::sleep() does. False when the deadline has passed.
  bool sleep(std::uint32_t seen, const Deadline& deadline) {
    using pool::Completion;
    const Completion::Awake why = arrivals_.sleep(seen, deadline, Completion::Until::piece);
    if (why == Completion::Awake::to_look_up) {
      for (const Owner& pool : pools_) {
        if (const auto owner = pool.lock()) owner->look_for_loss();
      }
    }
    return why != Completion::Awake::by_deadline;
  }

  const unsigned generation_ = platform::fork_generation();
  std::size_t left_;
  std::deque<Watch> watches_;  // where they are they stay
  using Owner = std::weak_ptr<pool::PoolForCalls>;
  std::set<Owner, std::owner_less<Owner>> pools_;
  pool::Completion arrivals_;  // a piece is a number
  base::Mutex mutex_;
  std::vector<Watch*> ended_ BROOD_GUARDED_BY(mutex_);  // has the memory for all
  std::size_t taken_ BROOD_GUARDED_BY(mutex_) = 0;      // of these
};

CompletedCalls::CompletedCalls(std::vector<JobHandle> calls)
    : state_(std::make_unique<State>(std::move(calls))) {
  state_->start();
}
CompletedCalls::CompletedCalls(CompletedCalls&&) noexcept = default;
CompletedCalls& CompletedCalls::operator=(CompletedCalls&&) noexcept = default;
CompletedCalls::~CompletedCalls() = default;

std::optional<std::size_t> CompletedCalls::next(const Deadline& deadline) {
  return state_->next(deadline);
}
std::size_t CompletedCalls::left() const noexcept { return state_->left(); }

std::optional<std::size_t> first_completed(std::vector<JobHandle> calls, const Deadline& deadline) {
  return CompletedCalls(std::move(calls)).next(deadline);
}

bool wait_for_completion(const std::vector<JobHandle>& calls, const Deadline& deadline) {
  for (const JobHandle& call : calls) {
    if (!call->wait(deadline)) return false;
  }
  return true;
}

void throw_nothing_to_wait_for() {
  throw UsageError("brood::wait_any of no results, of which none can ever be ready");
}

}  // namespace detail
}  // namespace brood

// Semaphores, events and barriers.
#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include <brood/barrier.hpp>
#include <brood/errors.hpp>
#include "base/mutex.hpp"
#include "manager/operations.hpp"
#include "manager/server/call.hpp"

namespace brood::manager {
namespace {

class ServedSemaphore : public std::enable_shared_from_this<ServedSemaphore> {
 public:
  ServedSemaphore(std::int64_t count, Bounded bounded)
      : bounded_(bounded == Bounded::yes), most_(bounded_ ? count : INT64_MAX), value_(count) {}

  bool acquire(Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    if (!available_.wait_until(mutex_, caller, deadline,
                               [this]() BROOD_REQUIRES(mutex_) { return value_ > 0; }))
      return false;
    const std::uint64_t process = caller.holder().process;
    Caller::Undo undo = [self = shared_from_this(), process] { self->add(1, process); };
    if (bounded_) ++taken_[process];
    --value_;
    caller.on_undelivered(std::move(undo));
    return true;
  }
  void release(std::int64_t count, std::uint64_t process) {
    if (count < 1) throw UsageError("brood::ManagedSemaphore: release of less than one");
    add(count, process);
  }
  /// It has ended: what it has taken comes back.
  void forget(std::uint64_t process) {
    const base::MutexLock lock(mutex_);
    if (const auto found = taken_.find(process); found != taken_.end())
      give(found->second, process);
  }
  std::int64_t value() const {
    const base::MutexLock lock(mutex_);
    return value_;
  }

 private:
  void add(std::int64_t count, std::uint64_t process) {
    const base::MutexLock lock(mutex_);
    if (count > most_ - value_)
      throw UsageError("brood::ManagedSemaphore: released more often than acquired");
    give(count, process);
  }
  void give(std::int64_t count, std::uint64_t process) BROOD_REQUIRES(mutex_) {
    value_ += count;
    if (bounded_) settle(count, process);
    for (; count > 0 && !available_.empty(); --count) available_.notify_one();
  }

  // What a process gives back is its own as far as it has any, and then that of others.
  void settle(std::int64_t count, std::uint64_t process) BROOD_REQUIRES(mutex_) {
    for (auto from = taken_.find(process); count > 0; from = taken_.begin()) {
      if (from == taken_.end()) from = taken_.begin();
      const std::int64_t own = std::min(count, from->second);
      count -= own;
      from->second -= own;
      if (from->second == 0) taken_.erase(from);
    }
  }

  const bool bounded_;
  const std::int64_t most_;
  mutable base::Mutex mutex_;
  std::int64_t value_ BROOD_GUARDED_BY(mutex_);
  /// By process; of a bounded one, most_ - value_.
  std::map<std::uint64_t, std::int64_t> taken_ BROOD_GUARDED_BY(mutex_);
  WaitList available_ BROOD_GUARDED_BY(mutex_);
};

class ServedEvent {
 public:
  void set() {
    const base::MutexLock lock(mutex_);
    is_set_ = true;
    ++times_set_;
    changed_.notify_all();
  }
  void clear() {
    const base::MutexLock lock(mutex_);
    is_set_ = false;
  }
  bool is_set() const {
    const base::MutexLock lock(mutex_);
    return is_set_;
  }
  bool wait(Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    const std::uint64_t before = times_set_;
    return changed_.wait_until(mutex_, caller, deadline, [&]() BROOD_REQUIRES(mutex_) {
      return is_set_ || times_set_ != before;
    });
  }

 private:
  mutable base::Mutex mutex_;
  bool is_set_ BROOD_GUARDED_BY(mutex_) = false;
  std::uint64_t times_set_ BROOD_GUARDED_BY(mutex_) = 0;
  WaitList changed_ BROOD_GUARDED_BY(mutex_);
};

class ServedBarrier {
 public:
  explicit ServedBarrier(std::int64_t parties) : parties_(static_cast<std::size_t>(parties)) {}

  std::uint64_t wait(Caller& caller, const detail::Deadline& deadline) {
    base::MutexLock lock(mutex_);
    const std::shared_ptr<Round> round = round_;
    if (round->broken) refuse();
    caller.make_wake_event();  // a party that cannot wait has not come
    const std::uint64_t index = round->come++;
    if (round->come == parties_) {
      if (!changed_.all_there()) {
        end_round(*round);
        refuse();
      }
      round->passed = true;
      changed_.notify_all();
      round_ = std::make_shared<Round>();
      return index;
    }
    wait_for_others(caller, deadline, *round);
    if (!round->passed) refuse();
    return index;
  }
  std::uint64_t parties() const noexcept { return parties_; }
  std::uint64_t waiting() const {
    const base::MutexLock lock(mutex_);
    return round_->broken ? 0 : round_->come;
  }
  void reset() {
    const base::MutexLock lock(mutex_);
    if (round_->come != 0 || round_->broken) end_round(*round_);
    round_ = std::make_shared<Round>();
  }
  void abort() {
    const base::MutexLock lock(mutex_);
    end_round(*round_);
  }
  bool is_broken() const {
    const base::MutexLock lock(mutex_);
    return round_->broken;
  }

 private:
  /// From the first that comes to the last.
  struct Round {
    std::size_t come = 0;
    bool passed = false;
    bool broken = false;
  };
  [[noreturn]] static void refuse() {
    throw BrokenBarrier(
        "brood::ManagedBarrier: it is broken: a party gave up or its process ended while it "
        "waited, or abort or reset was called");
  }
  void end_round(Round& round) BROOD_REQUIRES(mutex_) {
    if (round.passed) return;
    round.broken = true;
    changed_.notify_all();
  }
  void wait_for_others(Caller& caller, const detail::Deadline& deadline, Round& round)
      BROOD_REQUIRES(mutex_) {
    bool ended = false;
    try {
      ended = changed_.wait_until(mutex_, caller, deadline,
                                  [&] { return round.passed || round.broken; });
    } catch (const Abandoned&) {
      end_round(round);
      throw;
    }
    if (!ended) end_round(round);
  }

  const std::size_t parties_;
  mutable base::Mutex mutex_;
  std::shared_ptr<Round> round_ BROOD_GUARDED_BY(mutex_) = std::make_shared<Round>();
  WaitList changed_ BROOD_GUARDED_BY(mutex_);
};

template <class T>
NewObject served(std::shared_ptr<T> object) {
  return {std::move(object), &typeid(T), true};
}
ServedSemaphore& semaphore(ServedCall& call) { return call.object<ServedSemaphore>(); }
ServedEvent& event(ServedCall& call) { return call.object<ServedEvent>(); }
ServedBarrier& barrier(ServedCall& call) { return call.object<ServedBarrier>(); }

}  // namespace

NewObject RootOperations::make_semaphore(ServedCall&, std::int64_t count, Bounded bounded) {
  if (count < 0) throw UsageError("brood::Manager::semaphore: a count of less than 0");
  return {std::make_shared<ServedSemaphore>(count, bounded), &typeid(ServedSemaphore), true,
          [](void* object, std::uint64_t process) {
            static_cast<ServedSemaphore*>(object)->forget(process);
          }};
}
bool SemaphoreOperations::acquire(ServedCall& call, Patience patience) {
  return semaphore(call).acquire(caller(call), deadline_of(patience));
}
void SemaphoreOperations::release(ServedCall& call, std::int64_t count) {
  semaphore(call).release(count, caller(call).holder().process);
}
std::int64_t SemaphoreOperations::value(ServedCall& call) { return semaphore(call).value(); }

NewObject RootOperations::make_event(ServedCall&) {
  return served(std::make_shared<ServedEvent>());
}
void EventOperations::set(ServedCall& call) { event(call).set(); }
void EventOperations::clear(ServedCall& call) { event(call).clear(); }
bool EventOperations::is_set(ServedCall& call) { return event(call).is_set(); }
bool EventOperations::wait(ServedCall& call, Patience patience) {
  return event(call).wait(caller(call), deadline_of(patience));
}

NewObject RootOperations::make_barrier(ServedCall&, std::int64_t parties) {
  if (parties < 1) throw UsageError("brood::Manager::barrier: less than one party");
  return served(std::make_shared<ServedBarrier>(parties));
}
std::uint64_t BarrierOperations::wait(ServedCall& call, Patience patience) {
  return barrier(call).wait(caller(call), deadline_of(patience));
}
std::uint64_t BarrierOperations::parties(ServedCall& call) { return barrier(call).parties(); }
std::uint64_t BarrierOperations::waiting(ServedCall& call) { return barrier(call).waiting(); }
void BarrierOperations::reset(ServedCall& call) { barrier(call).reset(); }
void BarrierOperations::abort(ServedCall& call) { barrier(call).abort(); }
bool BarrierOperations::is_broken(ServedCall& call) { return barrier(call).is_broken(); }

}  // namespace brood::manager

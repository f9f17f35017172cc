#pragma once

#include <exception>
#include <list>
#include <mutex>
#include <utility>

#include <brood/outcome.hpp>

// What brood/asio.hpp and brood/boost_asio.hpp have in common that needs no Asio.
namespace brood::detail {

/// An operation that waits for a task. It is destroyed by what is done with it last.
class PendingWait {
 public:
  /// Hands itself over to its executor.
  virtual void post() = 0;
  /// Destroys its handler, which is not called.
  virtual void drop() noexcept = 0;

 protected:
  ~PendingWait() = default;

 private:
  friend class PendingWaits;
  // Its place in a list is kept here while it is in none: to move it takes no memory.
  std::list<PendingWait*> place_{this};
  const std::list<PendingWait*>::iterator in_place_ = place_.begin();
};

/// The operations whose handlers an execution context is to call, while their tasks run. A context
/// may be destroyed meanwhile. Threads: any.
class PendingWaits {
 public:
  /// From now on the operation is owned here; where the context is gone it is dropped.
  void add(PendingWait& wait) {
    {
      const std::lock_guard lock(mutex_);
      if (!over_) return waiting_.splice(waiting_.end(), wait.place_);
    }
    wait.drop();
  }
  /// The task of an operation that was added has ended. The context cannot be destroyed meanwhile.
  void complete(PendingWait& wait) {
    const std::lock_guard lock(mutex_);
    if (over_) return;  // the operation is gone
    remove(wait);
    wait.post();
  }
  /// Nothing will end the operation.
  void give_up(PendingWait& wait) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (over_) return;
      remove(wait);
    }
    wait.drop();
  }
  /// The context goes.
  void shut_down() noexcept {
    std::list<PendingWait*> left;
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      left.swap(waiting_);
    }
    while (!left.empty()) {
      PendingWait& wait = *left.front();
      wait.place_.splice(wait.place_.end(), left, left.begin());
      wait.drop();
    }
  }

 private:
  void remove(PendingWait& wait) noexcept {
    wait.place_.splice(wait.place_.end(), waiting_, wait.in_place_);
  }
  std::mutex mutex_;
  std::list<PendingWait*> waiting_;
  bool over_ = false;
};

template <class R>
struct CompletionOf {
  using signature = void(std::exception_ptr, R);
  template <class Handler>
  static void call(Handler&& handler, Outcome<R> outcome) {
    if (outcome.has_value())
      return std::forward<Handler>(handler)(std::exception_ptr(), std::move(outcome).value());
    std::forward<Handler>(handler)(outcome.error(), R());
  }
};
template <>
struct CompletionOf<void> {
  using signature = void(std::exception_ptr);
  template <class Handler>
  static void call(Handler&& handler, Outcome<void> outcome) {
    std::forward<Handler>(handler)(outcome.error());
  }
};

}  // namespace brood::detail

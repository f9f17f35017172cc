#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "base/mutex.hpp"
#include "manager/account.hpp"
#include "platform/descriptor.hpp"
#include "platform/futex.hpp"

namespace brood::manager {

/// A thread of a client, as the holder of a lock.
struct Holder {
  std::uint64_t process = 0;  // 0: none
  std::uint64_t thread = 0;
  bool operator==(const Holder&) const = default;
};

/// The client of the call has ended, or the server ends: the call shall take nothing and return.
class Abandoned : public std::exception {
 public:
  const char* what() const noexcept override { return "the caller has ended"; }
};

/// The client's end of a connection, as the thread sees it that serves the connection.
class Caller {
 public:
  /// `account` is that of a remote program, null for a local one.
  Caller(platform::Descriptor socket, std::uint64_t process, std::shared_ptr<Account> account = {});

  int socket() const noexcept { return socket_.get(); }
  /// The local process that has made the connection, as the kernel knows it; 0: not known.
  int peer() const noexcept { return peer_; }
  const Holder& holder() const noexcept { return holder_; }
  void set_thread(std::uint64_t thread) noexcept { holder_.thread = thread; }

  /// How to give back what the call takes, if the client does not get the answer. Made before it is
  /// taken: there may be no memory for it.
  using Undo = std::function<void()>;
  void on_undelivered(Undo&& undo) noexcept { undo_ = std::move(undo); }
  void give_back();
  void delivered() { undo_ = nullptr; }
  bool has_taken() const noexcept { return undo_ != nullptr; }
  /// For one that passes on what it reads: the last answer has not arrived. Before it closes its
  /// end. Threads: any.
  void set_lost() noexcept { lost_.store(true, std::memory_order_release); }
  bool is_lost() const noexcept { return lost_.load(std::memory_order_acquire); }

  const std::shared_ptr<Account>& account() const noexcept { return account_; }
  /// What the account was charged for a request: from the bridge, before it passes that on, to
  /// whatever keeps the request. Threads: any.
  void set_charge(Charge charge);
  Charge take_charge();

  bool has_ended() const noexcept;
  /// Ends the connection for both sides: calls that wait are abandoned. Threads: any.
  void end() noexcept;

  /// What a wait needs; once made, it stays. Throws SystemError.
  void make_wake_event();

 private:
  friend class WaitList;
  enum class Woken : std::uint8_t { notified, timeout, gone };
  /// Waits until notified, the client has ended or the deadline.
  Woken sleep(const platform::Deadline& deadline) noexcept;
  void wake() noexcept;
  void take_wake() noexcept;

  platform::Descriptor socket_;
  platform::Descriptor wake_event_;  // eventfd; made when the first call waits
  Holder holder_;
  Undo undo_;
  std::atomic<bool> lost_{false};
  const std::shared_ptr<Account> account_;
  const int peer_;
  base::Mutex charge_mutex_;
  Charge charge_ BROOD_GUARDED_BY(charge_mutex_);
};

/// Calls that wait for something, first come, first notified. Guarded by a mutex of its owner's,
/// which its waits name.
class WaitList {
 public:
  /// Unlocks while it waits. False at the deadline. Throws Abandoned, and has passed on a
  /// notification then.
  bool wait(base::Mutex& mutex, Caller& caller, const platform::Deadline& deadline)
      BROOD_REQUIRES(mutex);
  /// Waits until `ready()`, which needs the mutex; false at the deadline. Not analysed: clang does
  /// not know that `mutex` is what `ready` requires.
  template <class Ready>
  bool wait_until(base::Mutex& mutex, Caller& caller, const platform::Deadline& deadline,
                  Ready ready) BROOD_REQUIRES(mutex) BROOD_NO_THREAD_SAFETY_ANALYSIS {
    while (!ready()) {
      if (!wait(mutex, caller, deadline)) return ready();
    }
    return true;
  }
  void notify_one() noexcept;
  void notify_all() noexcept;
  bool empty() const noexcept { return waiting_.empty(); }
  /// Whether no waiter has ended.
  bool all_there() const noexcept;

 private:
  std::deque<Caller*> waiting_;
};

}  // namespace brood::manager

#include "manager/server/caller.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <brood/errors.hpp>
#include "platform/poll.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"

namespace brood::manager {
Caller::Caller(platform::Descriptor socket, std::uint64_t process, std::shared_ptr<Account> account)
    : socket_(std::move(socket)),
      holder_{process, 0},
      account_(std::move(account)),
      peer_(account_ ? 0 : platform::maker_of(socket_.get())) {}

void Caller::give_back() {
  if (const Undo undo = std::exchange(undo_, nullptr)) undo();
}

void Caller::set_charge(Charge charge) {
  const base::MutexLock lock(charge_mutex_);
  charge_ = std::move(charge);
}

Charge Caller::take_charge() {
  const base::MutexLock lock(charge_mutex_);
  return std::move(charge_);
}

void Caller::end() noexcept { ::shutdown(socket_.get(), SHUT_RDWR); }

bool Caller::has_ended() const noexcept {
  pollfd watched{socket_.get(), 0, 0};
  return platform::system_calls().poll(&watched, 1, 0) > 0;
}

void Caller::make_wake_event() {
  if (wake_event_) return;
  const int made = platform::system_calls().eventfd(0, EFD_CLOEXEC);
  if (made < 0) throw SystemError("eventfd", "waiting in a manager's server", errno);
  wake_event_ = platform::adopt_above_stdio(made);
}

Caller::Woken Caller::sleep(const platform::Deadline& deadline) noexcept {
  // Of the socket only its end: a client sends nothing while it waits.
  std::array<pollfd, 2> watched{pollfd{wake_event_.get(), POLLIN, 0}, pollfd{socket_.get(), 0, 0}};
  try {
    platform::poll_until(watched, deadline);
  } catch (const SystemError&) {
    return Woken::gone;  // no memory: the client sees the end of its connection
  }
  if (watched[1].revents != 0) return Woken::gone;
  return watched[0].revents != 0 ? Woken::notified : Woken::timeout;
}

void Caller::wake() noexcept {
  const std::uint64_t one = 1;
  while (platform::system_calls().write(wake_event_.get(), &one, sizeof one) < 0 &&
         errno == EINTR) {
  }
}

void Caller::take_wake() noexcept {
  std::uint64_t count = 0;
  while (platform::system_calls().read(wake_event_.get(), &count, sizeof count) < 0 &&
         errno == EINTR) {
  }
}

bool WaitList::wait(base::Mutex& mutex, Caller& caller, const platform::Deadline& deadline) {
  caller.make_wake_event();
  waiting_.push_back(&caller);
  mutex.unlock();
  const Caller::Woken woken = caller.sleep(deadline);
  mutex.lock();
  const auto entry = std::find(waiting_.begin(), waiting_.end(), &caller);
  const bool notified = entry == waiting_.end();  // perhaps since it woke
  if (notified) {
    caller.take_wake();
  } else {
    waiting_.erase(entry);
  }
  if (woken == Caller::Woken::gone) {
    if (notified) notify_one();
    throw Abandoned();
  }
  return notified;
}

bool WaitList::all_there() const noexcept {
  return std::none_of(waiting_.begin(), waiting_.end(),
                      [](const Caller* caller) { return caller->has_ended(); });
}

void WaitList::notify_one() noexcept {
  if (waiting_.empty()) return;
  waiting_.front()->wake();
  waiting_.pop_front();
}

void WaitList::notify_all() noexcept {
  while (!waiting_.empty()) notify_one();
}

}  // namespace brood::manager

#include "manager/leases.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "manager/messages.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"

namespace brood::manager {

WatchList::WatchList(const char* what) : what_(what) {
  const int made = platform::system_calls().epoll_create1(EPOLL_CLOEXEC);
  if (made < 0) throw SystemError("epoll_create1", what_, errno);
  events_ = platform::adopt_above_stdio(made);
}

void WatchList::add(int descriptor, std::uint64_t id) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  if (platform::system_calls().epoll_ctl(events_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw SystemError("epoll_ctl", what_, errno);
}

void WatchList::remove(int descriptor) noexcept {
  ::epoll_ctl(events_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void WatchList::serve(const std::function<bool(std::uint64_t)>& serve_one) {
  for (bool serving = true; serving;) {
    std::array<epoll_event, 256> ready{};
    const int count = ::epoll_wait(events_.get(), ready.data(), ready.size(), -1);
    for (int i = 0; i < count; ++i)
      serving = serve_one(ready[static_cast<std::size_t>(i)].data.u64) && serving;
    const std::lock_guard lock(mutex_);
    ++rounds_;
    round_ended_.notify_all();
  }
}

void WatchList::wait_while_behind(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  const std::uint64_t before = rounds_;
  pollfd behind{events_.get(), POLLIN, 0};
  if (platform::system_calls().poll(&behind, 1, 0) > 0)
    round_ended_.wait_for(lock, most, [&] { return rounds_ != before; });
}

bool take_connections(int lease,
                      const std::function<void(platform::Descriptor, std::uint64_t)>& open) {
  for (;;) {
    bool nothing = false;
    std::optional<platform::Message> message;
    try {
      message = platform::receive_message_lossy(lease, 0, &nothing);
    } catch (const SystemError&) {
      return true;  // for want of memory; that client sees the end of its connection
    }
    if (!message) return nothing;
    ConnectMessage connect;
    if (message->bytes.size() != sizeof connect || message->descriptors.size() != 1) continue;
    std::memcpy(&connect, message->bytes.data(), sizeof connect);
    if (connect.kind == ConnectMessage::right_kind)
      open(std::move(message->descriptors.front()), connect.process);
  }
}

}  // namespace brood::manager

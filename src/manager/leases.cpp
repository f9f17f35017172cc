#include "manager/leases.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "manager/messages.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"

namespace brood::manager {
namespace {

// What fails for want of memory is tried again, since epoll tells of it again: nothing that one
// client asks for ends the server of all.
bool serve_safely(const std::function<bool(std::uint64_t)>& serve_one, std::uint64_t id) noexcept {
  try {
    return serve_one(id);
  } catch (const std::exception&) {
    ::poll(nullptr, 0, 1);
    return true;
  }
}

/// Whether messages and their ends can be told apart there, and nothing but the other end's close
/// keeps a thread: what a client sends is what it likes, a file or a socket of another kind too.
bool is_ours_in_kind(int socket) noexcept {
  const auto option = [socket](int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  return option(SO_DOMAIN) == AF_UNIX && option(SO_TYPE) == SOCK_SEQPACKET &&
         ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

std::optional<ConnectMessage> connect_in(const platform::Message& message) {
  ConnectMessage connect;
  if (message.bytes.size() != sizeof connect || message.descriptors.size() != 1)
    return std::nullopt;
  std::memcpy(&connect, message.bytes.data(), sizeof connect);
  const bool good = connect.kind == ConnectMessage::right_kind && connect.process != 0 &&
                    is_ours_in_kind(message.descriptors.front().get());
  return good ? std::optional(connect) : std::nullopt;
}

}  // namespace

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
      serving = serve_safely(serve_one, ready[static_cast<std::size_t>(i)].data.u64) && serving;
    const base::MutexLock lock(mutex_);
    ++rounds_;
    round_ended_.notify_all();
  }
}

void WatchList::wait_while_behind(std::chrono::milliseconds most) {
  base::MutexLock lock(mutex_);
  const std::uint64_t before = rounds_;
  pollfd behind{events_.get(), POLLIN, 0};
  if (platform::system_calls().poll(&behind, 1, 0) > 0)
    round_ended_.wait_for(mutex_, most, [&]() BROOD_REQUIRES(mutex_) { return rounds_ != before; });
}

bool take_connections(int lease,
                      const std::function<void(platform::Descriptor, std::uint64_t)>& open) {
  constexpr int most_at_once = 16;  // then the other leases have their turn
  for (int i = 0; i < most_at_once; ++i) {
    bool nothing = false;
    std::optional<platform::Message> message;
    try {
      message = platform::receive_message_lossy(lease, 0, &nothing);
    } catch (const SystemError&) {
      return true;  // too long, or for want of memory; that client sees the end of its connection
    }
    if (!message) return nothing;
    if (const std::optional<ConnectMessage> connect = connect_in(*message))
      open(std::move(message->descriptors.front()), connect->process);
  }
  return true;
}

}  // namespace brood::manager

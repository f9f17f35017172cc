#include "pool/dispatcher/hang_ups.hpp"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include <brood/errors.hpp>
#include "platform/system_calls.hpp"

namespace brood::pool {

using boost::asio::posix::descriptor_base;

HangUps::HangUps(boost::asio::io_context& io, std::function<void(WorkerId)> on_hang_up)
    : set_(platform::system_calls().epoll_create1(EPOLL_CLOEXEC)),
      watched_(io),
      on_hang_up_(std::move(on_hang_up)) {
  if (set_.get() < 0) throw SystemError("epoll_create1", "watching workers", errno);
  watch();
}

// The end is always an event. It stays one until the socket is closed here: once is enough.
void HangUps::add(WorkerId id, int socket) noexcept {
  epoll_event event{.events = EPOLLONESHOT, .data = {.u64 = id}};
  platform::system_calls().epoll_ctl(set_.get(), EPOLL_CTL_ADD, socket, &event);
}

void HangUps::watch() {
  watched_.wait(set_.get(), descriptor_base::wait_read, [this] { read(); });
}

void HangUps::read() {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (const epoll_event& event :
       std::span(events).first(count < 0 ? 0U : static_cast<std::size_t>(count)))
    on_hang_up_(static_cast<WorkerId>(event.data.u64));
  watch();
}

}  // namespace brood::pool

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

namespace {

platform::Descriptor make_set() {
  const int number = platform::system_calls().epoll_create1(EPOLL_CLOEXEC);
  if (number < 0) throw SystemError("epoll_create1", "watching workers", errno);
  return platform::adopt_above_stdio(number);
}

// A slot has many workers in its life, and a copy of the program may keep the socket of an earlier
// one open.
std::uint64_t key_of(WorkerId id, pid_t pid) {
  return (std::uint64_t{id} << 32) | static_cast<std::uint32_t>(pid);
}

}  // namespace

HangUps::HangUps(boost::asio::io_context& io, std::function<bool()> is_lost,
                 std::function<void(WorkerId, pid_t)> on_hang_up)
    : set_(make_set()),
      watched_(io),
      is_lost_(std::move(is_lost)),
      on_hang_up_(std::move(on_hang_up)) {
  watch();
}

// The end is always an event. It stays one until the socket is closed here: once is enough.
void HangUps::add(WorkerId id, pid_t pid, int socket) {
  epoll_event event{.events = EPOLLONESHOT, .data = {.u64 = key_of(id, pid)}};
  if (platform::system_calls().epoll_ctl(set_.get(), EPOLL_CTL_ADD, socket, &event) != 0)
    throw SystemError("epoll_ctl", "watching a worker", errno);
}

void HangUps::watch() {
  watched_.wait(set_.get(), descriptor_base::wait_read, [this] { read(); });
}

void HangUps::read() {
  if (is_lost_()) return;  // the number may be another set's
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (const epoll_event& event :
       std::span(events).first(count < 0 ? 0U : static_cast<std::size_t>(count)))
    on_hang_up_(static_cast<WorkerId>(event.data.u64 >> 32), static_cast<pid_t>(event.data.u64));
  watch();
}

}  // namespace brood::pool

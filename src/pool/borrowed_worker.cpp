#include "pool/borrowed_worker.hpp"

#include <poll.h>

#include <array>
#include <chrono>
#include <cstdint>

#include "platform/futex.hpp"
#include "platform/spin_budget.hpp"
#include "platform/system_calls.hpp"

namespace brood::pool {

using Clock = std::chrono::steady_clock;

namespace {

// How often a caller looks up from the worker that it drives.
constexpr std::chrono::milliseconds look_up{500};

}  // namespace

bool BorrowedWorker::look() {
  return platform::look(worker_.spin, [this] { return worker_.has_news(); });
}

void BorrowedWorker::sleep() {
  constexpr auto asked = static_cast<std::uint32_t>(protocol::WakeUp::by_futex);
  platform::futex_wait(worker_.page().owner_waits, asked, Clock::now() + look_up,
                       platform::FutexScope::shared);
}

bool BorrowedWorker::sleep_on_socket(WorkerChannel::Stop full) {
  const bool crowded = full == WorkerChannel::Stop::crowded;
  const auto most = crowded ? transfer::crowd_time : look_up;
  std::array<pollfd, 3> waits{
      pollfd{worker_.wake_ups.get(), POLLIN, 0}, pollfd{worker_.pidfd.get(), POLLIN, 0},
      pollfd{crowded ? -1 : worker_.descriptor_channel.number(), POLLOUT, 0}};
  platform::system_calls().poll(waits.data(), waits.size(), static_cast<int>(most.count()));
  return waits[0].revents != 0;
}

}  // namespace brood::pool

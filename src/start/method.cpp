#include "start/method.hpp"

#include <poll.h>

#include <algorithm>
#include <string>
#include <utility>

#include "platform/poll.hpp"

namespace brood::start {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds collect_limit{1000};
// The kernel does not tell when a full socket has room again: the waiter looks again.
constexpr std::chrono::milliseconds longest_wait{50};

Clock::time_point deadline_after(std::chrono::nanoseconds limit) {
  const Clock::time_point now = Clock::now();
  return limit < Clock::time_point::max() - now ? now + limit : Clock::time_point::max();
}

void wait_for_answers(int answers, Clock::time_point deadline) {
  pollfd watched{answers, POLLIN, 0};
  platform::poll_until({&watched, 1}, std::min(deadline, Clock::now() + longest_wait),
                       "waiting for a server");
}

}  // namespace

std::optional<StartedProcess> Method::answer(std::uint32_t) { return std::nullopt; }

void Method::abandon(std::uint32_t) noexcept {}

StartError Method::late(std::chrono::nanoseconds limit) const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  return StartError(name(), "launch", "there was no process within " + std::to_string(ms) + " ms");
}

StartedProcess Method::start(const std::string& process_name, const WorkerDescriptors& descriptors,
                             std::chrono::nanoseconds limit) {
  PendingStart asked = ask(process_name, descriptors);
  return asked.process ? std::move(*asked.process) : await(asked.ticket, limit);
}

StartedProcess Method::await(std::uint32_t ticket, std::chrono::nanoseconds limit) try {
  const Clock::time_point deadline = deadline_after(limit);
  for (;;) {
    if (std::optional<StartedProcess> process = answer(ticket)) return std::move(*process);
    if (Clock::now() >= deadline) throw late(limit);
    wait_for_answers(answers(), deadline);
  }
} catch (...) {
  abandon(ticket);
  throw;
}

platform::Ended Method::collect(pid_t pid) try {
  const Clock::time_point deadline = Clock::now() + collect_limit;
  for (;;) {
    receive();
    if (const std::optional<platform::Ended> told = ended(pid)) return *told;
    if (Clock::now() >= deadline) return {};
    wait_for_answers(answers(), deadline);
  }
} catch (const SystemError&) {
  return {};
}

Signal signal_own_child(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept {
  switch (platform::signal_child(pidfd, pid, signal)) {
    case platform::Signalled::sent:
      return Signal::sent;
    case platform::Signalled::gone:
      return Signal::gone;
    case platform::Signalled::refused:
      break;
  }
  return Signal::refused;
}

Signal Method::signal(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept {
  return signal_own_child(pid, pidfd, signal);
}

}  // namespace brood::start

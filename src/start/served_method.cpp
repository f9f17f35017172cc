#include "start/served_method.hpp"

#include <cerrno>
#include <utility>

namespace brood::start {
namespace {

// A server that dies of the start itself would take every next one along.
constexpr int most_attempts = 2;

}  // namespace

PendingStart ServedMethod::ask(const std::string& process_name,
                               const WorkerDescriptors& descriptors) {
  const std::uint32_t ticket = ++last_ticket_;
  starts_.emplace(ticket, Start{process_name, descriptors});
  try {
    return {ticket, answer(ticket)};
  } catch (...) {
    abandon(ticket);
    throw;
  }
}

std::optional<StartedProcess> ServedMethod::answer(std::uint32_t ticket) {
  const auto start = starts_.find(ticket);
  if (start == starts_.end()) return std::nullopt;
  client_.receive();
  if (std::optional<ServerClient::Answer> answer = client_.answer(ticket)) {
    if (!answer->refused) {
      starts_.erase(start);
      return std::move(answer->process);
    }
    if (!client_.is_unused() || !has_another_server()) throw SystemError(*answer->refused);
    client_.close();
  }
  if (!client_.is_open()) {
    for (auto& [other, lost] : starts_) lost.sent = false;
  }
  if (!start->second.sent && start->second.attempts >= most_attempts) throw lost_twice();
  if (!client_.is_open()) reconnect();
  send_what_waits();
  return std::nullopt;
}

void ServedMethod::send_what_waits() {
  for (auto& [ticket, start] : starts_) {
    if (start.sent || start.attempts >= most_attempts) continue;
    if (client_.ask(ticket, start.process_name, start.descriptors, directory_) !=
        ServerClient::Sent::yes)
      return;
    start.sent = true;
    ++start.attempts;
  }
}

void ServedMethod::abandon(std::uint32_t ticket) noexcept {
  const auto start = starts_.find(ticket);
  if (start == starts_.end()) return;
  if (start->second.sent) client_.abandon(ticket);
  starts_.erase(start);
}

// Its parent may send signals where the owner may not, and knows which process has the pid.
Signal ServedMethod::signal(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept {
  if (platform::send_signal(pidfd, signal)) return Signal::sent;
  if (errno == ESRCH) return Signal::gone;
  return client_.signal(pid, signal) ? Signal::asked : Signal::refused;
}

}  // namespace brood::start

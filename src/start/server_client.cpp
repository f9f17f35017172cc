#include "start/server_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "platform/socket.hpp"

namespace brood::start {
namespace {

// Nothing where it cannot be opened, for want of a number: then the reply finds no room either.
platform::Descriptor open_working_directory() {
  const int number = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return number < 0 ? platform::Descriptor() : platform::adopt_above_stdio(number);
}

bool is_open_here(int number) noexcept { return ::fcntl(number, F_GETFD) >= 0; }

SystemError no_room_for_the_pidfd() { return {"recvmsg", "starting a worker", EMFILE}; }

}  // namespace

void ServerClient::close() noexcept {
  platform::hang_up(socket_);
  asked_.clear();
  running_.clear();
}

void ServerClient::forget() noexcept {
  static_cast<void>(socket_.release());
  for (auto& [ticket, answer] : answers_) static_cast<void>(answer.process.pidfd.release());
  answers_.clear();
  asked_.clear();
  running_.clear();
  exited_.clear();
}

ServerClient::Sent ServerClient::ask(std::uint32_t ticket, const std::string& process_name,
                                     const WorkerDescriptors& descriptors,
                                     WorkingDirectory directory) {
  if (!is_open()) return Sent::gone;
  platform::Descriptor here;
  if (directory == WorkingDirectory::of_owner) here = open_working_directory();
  Request request{.kind = Request::Kind::start,
                  .sequence = ticket,
                  .role = descriptors.role,
                  .has_directory = static_cast<bool>(here),
                  .has_output = is_open_here(STDOUT_FILENO),
                  .has_errors = is_open_here(STDERR_FILENO)};
  put_text(request.name, process_name.c_str());
  std::vector<int> numbers{descriptors.report, descriptors.input, descriptors.owner,
                           descriptors.descriptor_channel};
  if (here) numbers.push_back(here.get());
  if (request.has_output != 0) numbers.push_back(STDOUT_FILENO);
  if (request.has_errors != 0) numbers.push_back(STDERR_FILENO);
  switch (platform::try_send_message(socket_.get(), bytes_of(request), numbers)) {
    case platform::SendState::sent:
      asked_.insert(ticket);
      return Sent::yes;
    case platform::SendState::gone:
      close();
      return Sent::gone;
    default:
      return Sent::no_room;
  }
}

void ServerClient::receive() {
  while (is_open()) {
    bool nothing = false;
    std::optional<platform::Message> message =
        platform::receive_message_lossy(socket_.get(), 0, &nothing);
    if (nothing) return;
    if (!message) return close();
    take(std::move(*message));
  }
}

void ServerClient::take(platform::Message&& message) {
  const std::optional<Reply> reply = parse<Reply>(message.bytes);
  if (!reply) return close();
  if (reply->kind == Reply::Kind::exited) return keep(*reply);
  if (reply->kind == Reply::Kind::started || reply->kind == Reply::Kind::refused)
    take_answer(*reply, std::move(message));
}

void ServerClient::take_answer(const Reply& reply, platform::Message&& message) {
  const bool wanted = asked_.erase(reply.sequence) != 0;
  const bool started = reply.kind == Reply::Kind::started;
  const bool complete = started && !message.descriptors.empty();
  if (started && (!wanted || !complete)) abandon(reply.sequence);
  if (!wanted) return;
  Answer answer;
  if (complete) {
    answer.process = {reply.pid, std::move(message.descriptors.front())};
    ++running_[reply.pid];
  } else {
    answer.refused = started ? no_room_for_the_pidfd()
                             : SystemError(reply.call, "starting a worker", reply.error);
  }
  answers_.emplace(reply.sequence, std::move(answer));
}

std::optional<ServerClient::Answer> ServerClient::answer(std::uint32_t ticket) {
  const auto entry = answers_.find(ticket);
  if (entry == answers_.end()) return std::nullopt;
  std::optional<Answer> answer(std::move(entry->second));
  answers_.erase(entry);
  return answer;
}

// Where there is no room for it, the answer still comes and is abandoned then.
void ServerClient::abandon(std::uint32_t ticket) noexcept {
  asked_.erase(ticket);
  answers_.erase(ticket);
  send_short({.kind = Request::Kind::abandon, .sequence = ticket});
}

bool ServerClient::signal(pid_t pid, int signal) noexcept {
  return running_.contains(pid) &&
         send_short({.kind = Request::Kind::signal, .pid = pid, .number = signal});
}

bool ServerClient::send_short(const Request& request) noexcept try {
  return is_open() &&
         platform::try_send_message(socket_.get(), bytes_of(request)) == platform::SendState::sent;
} catch (const SystemError&) {
  return false;
}

void ServerClient::keep(const Reply& exited) {
  const auto entry = running_.find(exited.pid);
  if (entry == running_.end()) return;  // ended before it could be abandoned
  if (--entry->second == 0) running_.erase(entry);
  exited_.emplace_back(exited.pid, exited.end);
}

std::optional<platform::Ended> ServerClient::take_kept(pid_t pid) {
  const auto kept = std::find_if(exited_.begin(), exited_.end(),
                                 [pid](const auto& entry) { return entry.first == pid; });
  if (kept == exited_.end()) return std::nullopt;
  const platform::Ended ended = kept->second;
  exited_.erase(kept);
  return ended;
}

std::optional<platform::Ended> ServerClient::ended(pid_t pid) {
  if (const std::optional<platform::Ended> told = take_kept(pid)) return told;
  if (!is_open() || !running_.contains(pid)) return platform::Ended{};
  return std::nullopt;
}

}  // namespace brood::start

#include "start/server_client.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <vector>

#include "platform/socket.hpp"

namespace brood::start {
namespace {

// A fork takes milliseconds, a second for a snapshot of a hundred gigabytes. Only a stopped server
// takes longer.
constexpr int start_timeout_ms = 30'000;
constexpr std::chrono::milliseconds collect_timeout{1000};

// Nothing where it cannot be opened, for want of a number: then the reply finds no room either.
platform::Descriptor open_working_directory() {
  const int number = ::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return number < 0 ? platform::Descriptor() : platform::adopt_above_stdio(number);
}

}  // namespace

void ServerClient::close() noexcept {
  socket_.reset();
  running_.clear();
}

void ServerClient::forget() noexcept {
  static_cast<void>(socket_.release());
  running_.clear();
  exited_.clear();
}

std::optional<StartedProcess> ServerClient::start(const std::string& method,
                                                  const std::string& process_name,
                                                  const Handover& descriptors,
                                                  WorkingDirectory directory) {
  if (!is_open()) return std::nullopt;
  if (!send_start(process_name, descriptors, directory)) {
    close();
    return std::nullopt;
  }
  try {
    return await_start(method);
  } catch (...) {
    abandon();
    throw;
  }
}

bool ServerClient::send_start(const std::string& process_name, const Handover& descriptors,
                              WorkingDirectory directory) {
  platform::Descriptor here;
  if (directory == WorkingDirectory::of_owner) here = open_working_directory();
  Request request{.kind = Request::Kind::start,
                  .sequence = ++sequence_,
                  .role = descriptors.role,
                  .has_page = descriptors.page >= 0,
                  .has_directory = static_cast<bool>(here)};
  put_text(request.name, process_name.c_str());
  std::vector<int> numbers{descriptors.tasks, descriptors.results, descriptors.owner,
                           descriptors.escort};
  if (descriptors.page >= 0) numbers.push_back(descriptors.page);
  if (here) numbers.push_back(here.get());
  return platform::send_message(socket_.get(), bytes_of(request), numbers);
}

std::optional<StartedProcess> ServerClient::await_start(const std::string& method) {
  for (;;) {
    bool timed_out = false;
    std::optional<platform::Message> message =
        platform::receive_message_lossy(socket_.get(), start_timeout_ms, &timed_out);
    if (timed_out)
      throw StartError(method, "launch", "the process that forks workers does not answer");
    const std::optional<Reply> reply = message ? parse<Reply>(message->bytes) : std::nullopt;
    if (!reply) {
      close();
      return std::nullopt;
    }
    if (reply->kind == Reply::Kind::exited) keep(*reply);
    if (reply->sequence != sequence_) continue;  // an abandoned start
    if (reply->kind == Reply::Kind::refused)
      throw SystemError(reply->call, "starting a worker", reply->error);
    if (reply->kind != Reply::Kind::started) continue;
    if (message->descriptors.empty()) throw SystemError("recvmsg", "starting a worker", EMFILE);
    ++running_[reply->pid];
    return StartedProcess{reply->pid, std::move(message->descriptors.front())};
  }
}

void ServerClient::abandon() noexcept {
  if (!is_open()) return;
  const Request request{.kind = Request::Kind::abandon, .sequence = sequence_};
  try {
    platform::try_send_message(socket_.get(), bytes_of(request));
  } catch (const SystemError&) {
    // The worker's owner closes its pipes now, which ends it too.
  }
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

platform::Ended ServerClient::collect(pid_t pid) try {
  const auto deadline = std::chrono::steady_clock::now() + collect_timeout;
  for (;;) {
    if (const std::optional<platform::Ended> ended = take_kept(pid)) return *ended;
    if (!is_open() || !running_.contains(pid)) return {};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    bool timed_out = false;
    const std::optional<platform::Message> message = platform::receive_message_lossy(
        socket_.get(), std::max(0, static_cast<int>(left.count())), &timed_out);
    if (timed_out) return {};
    if (!message) close();
    const std::optional<Reply> reply = message ? parse<Reply>(message->bytes) : std::nullopt;
    if (reply && reply->kind == Reply::Kind::exited) keep(*reply);
  }
} catch (const SystemError&) {
  return {};
}

}  // namespace brood::start

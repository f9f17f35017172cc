#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "platform/socket.hpp"
#include "start/method.hpp"
#include "start/server_messages.hpp"

namespace brood::start {

/// Where a worker starts.
enum class WorkingDirectory : bool { of_server, of_owner };

/// The owner's end of one connection to a fork server or a snapshot process. Nothing here waits.
/// Threads: one at a time.
class ServerClient {
 public:
  enum class Sent : std::uint8_t {
    yes,
    no_room,  // the server is slow: again later
    gone,     // the server is, and the client has been closed
  };
  struct Answer {
    StartedProcess process;
    std::optional<SystemError> refused;  // no process: the server could not fork, or a descriptor
                                         // was lacking on either side
  };

  ServerClient() = default;
  explicit ServerClient(platform::Descriptor socket) : socket_(std::move(socket)) {}

  bool is_open() const noexcept { return static_cast<bool>(socket_); }
  /// No process that was started here is known to live.
  bool is_unused() const noexcept { return running_.empty(); }
  int socket() const noexcept { return socket_.get(); }
  /// The server kills what it still has of this connection.
  void close() noexcept;

  /// Asks for a process; `ticket` names the request and is used once. Throws SystemError.
  Sent ask(std::uint32_t ticket, const std::string& process_name,
           const WorkerDescriptors& descriptors,
           WorkingDirectory directory = WorkingDirectory::of_server);
  /// Takes in what the server has sent. Where it is gone the client is closed, and keeps what had
  /// come. Throws SystemError.
  void receive();
  /// What came of a request; nothing so far. To be asked after receive(); tells once.
  std::optional<Answer> answer(std::uint32_t ticket);
  /// The server kills what it makes for this request.
  void abandon(std::uint32_t ticket) noexcept;

  /// Of a process that was started here; `lost` where the server is gone or has never heard of it.
  /// To be asked after receive(); tells once.
  std::optional<platform::Ended> ended(pid_t pid);
  /// Has the server send the signal. False where it cannot be asked.
  bool signal(pid_t pid, int signal) noexcept;

  /// Forgets everything without a word to the server: for a forked copy of the owner.
  void forget() noexcept;

 private:
  bool send_short(const Request& request) noexcept;
  void take(platform::Message&& message);
  void take_answer(const Reply& reply, platform::Message&& message);
  void keep(const Reply& exited);
  std::optional<platform::Ended> take_kept(pid_t pid);

  platform::Descriptor socket_;
  std::set<std::uint32_t> asked_;
  std::map<std::uint32_t, Answer> answers_;
  // Started here and not told to have ended; a pid may come twice.
  std::unordered_map<pid_t, int> running_;
  std::deque<std::pair<pid_t, platform::Ended>> exited_;  // told, and not asked for
};

}  // namespace brood::start

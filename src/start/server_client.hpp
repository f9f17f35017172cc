#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "start/method.hpp"
#include "start/server_messages.hpp"

namespace brood::start {

/// Where a worker starts.
enum class WorkingDirectory : bool { of_server, of_owner };

/// The owner's end of one connection to a fork server or a snapshot process.
/// Threads: one at a time.
class ServerClient {
 public:
  ServerClient() = default;
  explicit ServerClient(platform::Descriptor socket) : socket_(std::move(socket)) {}

  bool is_open() const noexcept { return static_cast<bool>(socket_); }
  /// The server kills what it still has of this connection.
  void close() noexcept;
  /// Nothing when the server is gone; the connection is closed then. Throws SystemError when the
  /// server could not fork, or a descriptor was lacking on either side, StartError when the server
  /// does not answer.
  std::optional<StartedProcess> start(const std::string& method, const std::string& process_name,
                                      const Handover& descriptors,
                                      WorkingDirectory directory = WorkingDirectory::of_server);
  /// Waits for the notice for a second at most; `lost` when it does not come.
  platform::Ended collect(pid_t pid);

  /// Forgets everything without a word to the server: for a forked copy of the owner.
  void forget() noexcept;

 private:
  std::optional<StartedProcess> await_start(const std::string& method);
  bool send_start(const std::string& process_name, const Handover& descriptors,
                  WorkingDirectory directory);
  void abandon() noexcept;
  void keep(const Reply& exited);
  std::optional<platform::Ended> take_kept(pid_t pid);

  platform::Descriptor socket_;
  std::uint32_t sequence_ = 0;
  std::unordered_map<pid_t, int>
      running_;  // started here and not told to have ended; a pid may come twice
  std::deque<std::pair<pid_t, platform::Ended>> exited_;  // told, and not asked for
};

}  // namespace brood::start

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "start/method.hpp"
#include "start/server_client.hpp"

namespace brood::start {

/// What fork and forkserver share: starts that a server is asked for over one connection, any
/// number of them at a time.
class ServedMethod : public Method {
 public:
  PendingStart ask(const std::string& process_name, const WorkerDescriptors& descriptors) override;
  std::optional<StartedProcess> answer(std::uint32_t ticket) override;
  void abandon(std::uint32_t ticket) noexcept override;
  int answers() const noexcept override { return client_.socket(); }
  void receive() override { client_.receive(); }
  std::optional<platform::Ended> ended(pid_t pid) override { return client_.ended(pid); }
  Signal signal(pid_t pid, const platform::Descriptor& pidfd, int signal) noexcept override;

 protected:
  explicit ServedMethod(WorkingDirectory directory) : directory_(directory) {}
  /// Makes client_ anew. Throws where that cannot be, StartError or SystemError.
  virtual void reconnect() = 0;
  /// Whether reconnect() would find one that may not refuse what this one has refused.
  virtual bool has_another_server() const { return false; }
  /// Of a start whose second server has ended too.
  virtual StartError lost_twice() = 0;

  ServerClient client_;

 private:
  struct Start {
    std::string process_name;
    WorkerDescriptors descriptors;
    int attempts = 0;  // servers that have been asked
    bool sent = false;
  };
  void send_what_waits();

  const WorkingDirectory directory_;
  std::uint32_t last_ticket_ = 0;
  std::map<std::uint32_t, Start> starts_;
};

}  // namespace brood::start

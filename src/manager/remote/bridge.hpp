#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <brood/detail/codec/envelope.hpp>
#include "manager/remote/frame.hpp"
#include "manager/remote/network.hpp"
#include "platform/descriptor.hpp"

namespace brood::manager {

/// Passes calls of one remote channel on to the server, as a local client would make them.
/// Threads: one.
class Bridge {
 public:
  Bridge(Server& server, const Sessions& sessions, TlsStream& stream,
         std::shared_ptr<Session> session, std::uint64_t process);
  /// Until either end has ended. Throws SystemError.
  void run();

 private:
  /// The server's end, and ours.
  struct Channel {
    std::shared_ptr<Caller> caller;
    platform::Descriptor socket;
    bool answered = false;  // the client may not have got the last answer

    Channel(Server& server, std::uint64_t process, std::shared_ptr<Account> account);
    Channel(Channel&&) = default;
    Channel& operator=(Channel&& other) noexcept;
    ~Channel() { end(); }
    void end() noexcept;
  };
  bool serve_next();
  std::optional<RemoteFrame> next_request(Charge& charge);
  bool forward(RemoteFrame request, Charge charge);
  bool pass_on(FrameKind kind);
  bool answer();
  bool send_answer(const detail::Envelope& answer);
  bool refuse(const char* reason);

  Server& server_;
  const Sessions& sessions_;
  TlsStream& stream_;
  const std::shared_ptr<Session> session_;
  const std::uint64_t process_;
  Channel channel_;
};

}  // namespace brood::manager

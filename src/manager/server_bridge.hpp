#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <brood/detail/parcel.hpp>
#include "manager/remote_frame.hpp"
#include "manager/server_network.hpp"
#include "platform/descriptor.hpp"

namespace brood::manager {

/// Passes calls of one remote channel on to the server, as a local client would make them.
/// Threads: one.
class Bridge {
 public:
  Bridge(Server& server, TlsStream& stream, std::shared_ptr<Session> session,
         std::uint64_t process);
  /// Until either end has ended. Throws SystemError.
  void run();

 private:
  platform::Descriptor open() const;
  std::optional<RemoteFrame> next_request();
  bool forward(const RemoteFrame& request);
  bool answer();
  bool send_answer(const detail::Parcel& answer);
  bool refuse(const char* reason);
  void delivered() noexcept;

  Server& server_;
  TlsStream& stream_;
  const std::shared_ptr<Session> session_;
  const std::uint64_t process_;
  platform::Descriptor local_;
  bool unread_ = false;  // the last answer is still in `local_`: the client may not have got it
};

}  // namespace brood::manager

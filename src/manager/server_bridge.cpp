#include "manager/server_bridge.hpp"

#include <poll.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "manager/server_call.hpp"
#include "platform/socket.hpp"
#include "shared/parcel.hpp"

namespace brood::manager {

Bridge::Bridge(Server& server, TlsStream& stream, std::shared_ptr<Session> session,
               std::uint64_t process)
    : server_(server),
      stream_(stream),
      session_(std::move(session)),
      process_(process),
      local_(open()) {}

platform::Descriptor Bridge::open() const {
  platform::SocketPair pair = platform::make_socket_pair();
  server_.open(std::move(pair.theirs), process_);
  return std::move(pair.ours);
}

void Bridge::run() {
  while (const std::optional<RemoteFrame> request = next_request()) {
    if (!forward(*request)) return;
  }
}

// The server takes what the last call took for delivered when nobody can have failed to read it.
void Bridge::delivered() noexcept {
  if (std::exchange(unread_, false)) shared::drop_parcel(local_.get());
}

std::optional<RemoteFrame> Bridge::next_request() {
  if (!wait_for_either(stream_, local_.get(), 0).stream) return std::nullopt;
  std::optional<RemoteFrame> frame = receive_frame(stream_);
  if (!frame || (frame->kind != FrameKind::parcel && frame->kind != FrameKind::bye))
    return std::nullopt;
  delivered();
  if (frame->kind == FrameKind::bye) return std::nullopt;
  return frame;
}

bool Bridge::forward(const RemoteFrame& request) {
  const auto leases = session_->find(request.tokens);
  if (!leases)
    return refuse(
        "only proxies of this server's own objects cross a network, none that others have");
  try {
    if (!shared::send_parcel(local_.get(), request.bytes.view(), *leases)) return false;
  } catch (const SystemError&) {
    return send_frame(stream_, FrameKind::parcel, failure().view());
  }
  return answer();
}

bool Bridge::answer() {
  // The client sends nothing before it has its answer: what comes is its end.
  if (wait_for_either(stream_, local_.get(), POLLIN).stream) return false;
  const std::optional<detail::Parcel> parcel = shared::peek_parcel(local_.get());
  if (!parcel) return false;
  unread_ = true;
  return send_answer(*parcel);
}

bool Bridge::send_answer(const detail::Parcel& answer) {
  std::vector<Token> tokens;
  for (const detail::DescriptorRef& descriptor : answer.descriptors)
    tokens.push_back(descriptor->token());
  const bool all_ours = std::all_of(tokens.begin(), tokens.end(),
                                    [this](const Token& token) { return server_.owns(token); });
  if (!all_ours)
    return refuse(
        "what came back has a descriptor, of shared memory or a connection, or a proxy of "
        "another manager's: these do not cross a network");
  session_->note(answer.descriptors);
  return send_frame(stream_, FrameKind::parcel, answer.view(), tokens);
}

// Closing the channel with the answer in it gives back what the call has taken. The new one comes
// first: the server shall not think that the process has ended.
bool Bridge::refuse(const char* reason) {
  if (std::exchange(unread_, false)) local_ = open();
  try {
    throw CodecError(CodecError::Direction::encode, "", reason);
  } catch (const CodecError&) {
    return send_frame(stream_, FrameKind::parcel, failure().view());
  }
}

}  // namespace brood::manager

#include "manager/remote/bridge.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "manager/notifications.hpp"
#include "manager/replies.hpp"
#include "platform/socket.hpp"
#include "shared/envelope.hpp"

namespace brood::manager {

Bridge::Channel::Channel(Server& server, std::uint64_t process, std::shared_ptr<Account> account) {
  platform::SocketPair pair = platform::make_socket_pair();
  caller = server.open(std::move(pair.theirs), process, std::move(account));
  if (!caller) throw SystemError("pthread_create", "serving a remote program", EAGAIN);
  socket = std::move(pair.ours);
}

Bridge::Channel& Bridge::Channel::operator=(Channel&& other) noexcept {
  end();
  caller = std::move(other.caller);
  socket = std::move(other.socket);
  answered = std::exchange(other.answered, false);
  return *this;
}

void Bridge::Channel::end() noexcept {
  if (caller && answered) caller->set_lost();
  socket.reset();
}

Bridge::Bridge(Server& server, const Sessions& sessions, TlsStream& stream,
               std::shared_ptr<Session> session, std::uint64_t process)
    : server_(server),
      sessions_(sessions),
      stream_(stream),
      session_(std::move(session)),
      process_(process),
      channel_(server, process, session_->account()) {}

void Bridge::run() {
  while (serve_next()) {
  }
}

bool Bridge::serve_next() {
  try {
    Charge charge(session_->account(), Quota::bytes);
    std::optional<RemoteFrame> request = next_request(charge);
    return request && forward(*std::move(request), std::move(charge));
  } catch (const QuotaError&) {
    return send_frame(stream_, FrameKind::envelope, failure().view());
  }
}

std::optional<RemoteFrame> Bridge::next_request(Charge& charge) {
  for (;;) {
    if (!wait_for_either(stream_, channel_.socket.get(), 0).stream) return std::nullopt;
    std::optional<RemoteFrame> frame = receive_frame(stream_, *session_->account(), charge);
    if (!frame) return std::nullopt;
    channel_.answered = false;
    if (frame->kind == FrameKind::envelope) return frame;
    if (!pass_on(frame->kind)) return std::nullopt;
  }
}

// What became of the last answer.
bool Bridge::pass_on(FrameKind kind) {
  if (kind == FrameKind::got) return true;
  if (kind != FrameKind::lost && kind != FrameKind::read) return false;
  const Notification notification =
      kind == FrameKind::lost ? Notification::lost : Notification::read;
  return send_notification(channel_.socket.get(), notification);
}

bool Bridge::forward(RemoteFrame request, Charge charge) {
  const auto leases = sessions_.find_leases(*session_, request.tokens);
  if (!leases)
    return refuse(
        "only proxies of this server's own objects cross a network, none that others have");
  channel_.caller->set_charge(std::move(charge));
  try {
    if (!shared::send_envelope(channel_.socket.get(), request.bytes.view(), *leases)) return false;
  } catch (const SystemError&) {
    return send_frame(stream_, FrameKind::envelope, failure().view());
  }
  request = {};  // the server has it now, and its answer may take long
  return answer();
}

bool Bridge::answer() {
  // The client sends nothing before it has its answer: what comes is its end.
  if (wait_for_either(stream_, channel_.socket.get(), POLLIN).stream) return false;
  std::optional<detail::Envelope> envelope;
  try {
    envelope = shared::receive_envelope_or_leave(channel_.socket.get());
  } catch (const SystemError& error) {
    if (!shared::is_want_of_room(error) || !give_back_answer(channel_.socket.get())) return false;
    return send_frame(stream_, FrameKind::envelope, failure().view());
  }
  if (!envelope) return false;
  channel_.answered = true;
  return send_answer(*envelope);
}

bool Bridge::send_answer(const detail::Envelope& answer) {
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
  return send_frame(stream_, FrameKind::envelope, answer.view(), tokens);
}

// Losing the answer gives back what the call has taken. The new channel comes before the old one
// goes: the server shall not think that the process has ended.
bool Bridge::refuse(const char* reason) {
  if (channel_.answered) channel_ = Channel(server_, process_, session_->account());
  try {
    throw CodecError(CodecError::Direction::encode, "", reason);
  } catch (const CodecError&) {
    return send_frame(stream_, FrameKind::envelope, failure().view());
  }
}

}  // namespace brood::manager

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include <brood/detail/codec/descriptor_ref.hpp>
#include <brood/detail/manager/ref.hpp>
#include <brood/errors.hpp>
#include "manager/client/channels.hpp"
#include "manager/messages.hpp"
#include "manager/notifications.hpp"
#include "shared/envelope.hpp"
#include "wire/exception.hpp"

namespace brood::detail {
namespace {

using manager::Channel;

/// The channel of one call, and then of the next one. Closing it without need could be taken for
/// the end of this process: its locks would go to others. It is closed where a call was left while
/// its answer was still to come, by bad_alloc or pthread_cancel.
class OneCall {
 public:
  explicit OneCall(Channel channel) : channel_(std::move(channel)) {}
  OneCall(const OneCall&) = delete;
  OneCall& operator=(const OneCall&) = delete;
  ~OneCall() {
    if (is_over_) {
      manager::give_back(std::move(channel_));
    } else {
      manager::discard(std::move(channel_));
    }
  }

  void send(const Bytes& request) {
    // When this throws, nothing has been sent.
    const bool sent =
        shared::send_envelope(channel_.socket.get(), request.view(), request.attached());
    is_over_ = false;
    if (!sent) manager::throw_server_gone();
  }
  Envelope receive(const shared::EnvelopeBuffer& buffer) {
    std::optional<Envelope> envelope;
    try {
      // Waits without taking it: what a process takes that is killed meanwhile is gone with it.
      envelope = shared::receive_envelope_or_leave(channel_.socket.get(), buffer);
    } catch (const SystemError& error) {
      const int number = error.code().value();
      const bool no_room = number == EMFILE || number == ENFILE;
      if (error.call() != "poll" && (error.call() != "recvmsg" || no_room))
        is_over_ = manager::give_back_answer(channel_.socket.get());
      throw;
    }
    if (!envelope || envelope->view().empty()) manager::throw_server_gone();
    is_over_ = true;
    return std::move(*envelope);
  }

 private:
  Channel channel_;
  bool is_over_ = true;  // no answer is to come: what comes next answers the next call
};

[[noreturn]] void rethrow(const Reply& reply) {
  Reader source = reply.reader();
  WorkerIdentity server;
  server.name = decode_value<std::string>(source);
  server.pid = decode_value<int>(source);
  std::rethrow_exception(
      wire::decode_exception(source.take(source.left()), server, TaskPlace::no_element));
}

}  // namespace

Bytes begin_request(const ManagedRef& ref, ServedStub stub) {
  if (!ref.lease_)
    throw UsageError(
        "brood: a proxy that refers to nothing: it was default constructed or moved from");
  const manager::RequestHeader header{ref.object_, manager::thread_number()};
  Bytes request;
  request.append(&header, sizeof header);
  put_code(request, reinterpret_cast<const void*>(stub));
  return request;
}

Reply send_request(const ManagedRef& ref, const Bytes& request) {
  const shared::EnvelopeBuffer buffer;  // before the call: an answer that waits is the next call's
  OneCall call(manager::take_channel(ref.server_, ref.lease_));
  call.send(request);
  return manager::open_reply(call.receive(buffer));
}

void ManagedRef::save(OutputArchive& archive) const {
  put_descriptor(archive, lease_);
  archive(server_, object_);
}

void ManagedRef::load(InputArchive& archive) {
  lease_ = take_descriptor(archive);
  archive(server_, object_);
}

}  // namespace brood::detail

namespace brood::manager {

detail::Reply open_reply(detail::Envelope envelope) {
  const auto status = static_cast<Status>(envelope.view().front());
  detail::Reply reply(std::move(envelope));
  if (status == Status::exception) detail::rethrow(reply);
  return reply;
}

}  // namespace brood::manager

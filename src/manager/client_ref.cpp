#include <optional>
#include <string>
#include <utility>

#include <brood/detail/descriptor_ref.hpp>
#include <brood/detail/managed_ref.hpp>
#include <brood/errors.hpp>
#include "manager/client_channels.hpp"
#include "manager/messages.hpp"
#include "shared/parcel.hpp"
#include "wire/exception.hpp"

namespace brood::detail {
namespace {

using manager::Channel;

/// The channel of one call: for the next one when all went well, closed when not.
class OneCall {
 public:
  explicit OneCall(Channel channel) : channel_(std::move(channel)) {}
  OneCall(const OneCall&) = delete;
  OneCall& operator=(const OneCall&) = delete;
  ~OneCall() {
    if (channel_.socket) manager::discard(std::move(channel_));
  }
  int socket() const { return channel_.socket.get(); }
  void done() { manager::give_back(std::move(channel_)); }

 private:
  Channel channel_;
};

[[noreturn]] void rethrow(const Reply& reply) {
  Reader source = reply.reader();
  WorkerIdentity server;
  server.name = decode_value<std::string>(source);
  server.pid = decode_value<int>(source);
  std::rethrow_exception(wire::decode_exception(source.take(source.left()), server, 0));
}

}  // namespace

Bytes ManagedRef::request(ServedStub stub) const {
  if (!lease_)
    throw UsageError(
        "brood: a proxy that refers to nothing: it was default constructed or moved from");
  const manager::RequestHeader header{object_, manager::thread_number()};
  Bytes request;
  request.append(&header, sizeof header);
  put_code(request, reinterpret_cast<const void*>(stub));
  return request;
}

Reply ManagedRef::call(const Bytes& request) const {
  OneCall call(manager::take_channel(server_, lease_));
  if (!shared::send_parcel(call.socket(), request.view(), request.carried()))
    manager::throw_server_gone();
  std::optional<Parcel> parcel = shared::receive_parcel(call.socket());
  if (!parcel || parcel->view().empty()) manager::throw_server_gone();
  const auto status = static_cast<manager::Status>(parcel->view().front());
  Reply reply(std::move(*parcel));
  call.done();
  if (status == manager::Status::exception) rethrow(reply);
  return reply;
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

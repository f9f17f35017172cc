#include "manager/server_main.hpp"

#include <memory>
#include <typeinfo>
#include <utility>

#include "manager/operations.hpp"
#include "manager/replies.hpp"
#include "manager/server/call.hpp"
#include "manager/server/server.hpp"
#include "platform/copies.hpp"
#include "platform/process.hpp"
#include "shared/envelope.hpp"

namespace brood::manager {
namespace {

/// What makes objects: the one that is there from the beginning.
struct Root {};

bool greet(int control, const detail::Bytes& root) {
  detail::Bytes greeting = begin_reply(Status::value);
  greeting.append(root.data(), root.size());
  return shared::send_envelope(control, greeting.view(), root.attached());
}

}  // namespace

bool server_main(platform::Descriptor control, platform::Descriptor owner, Listening listening) {
  platform::ignore_signals_to_the_group();
  platform::raise_descriptor_limit();  // each object takes one or two
  platform::keep_all_from_copies();    // a client is not to wait for the end of a method's copy
  // Never destroyed: a thread of its may be about to end when it is done.
  static Server* server;  // not an initializer: a server's process may be forked to be another's
  server = new Server;
  Server::Added added = server->add({std::make_shared<Root>(), &typeid(Root), true});
  detail::Bytes root;
  OutputArchive archive(root);
  archive(detail::make_ref(server->id(), added.id, added.lease));
  if (!greet(control.get(), root)) return true;
  static Network* network;
  network = nullptr;
  if (listening.socket) {
    network = new Network(*server, std::move(listening), std::move(added.lease),
                          detail::Bytes(root.view()));
  }
  root.clear();
  added.lease.reset();
  server->run(control.get(), owner.get());
  const bool alone = network == nullptr || network->stop();
  return server->end() && alone;
}

std::uint64_t RootOperations::count_objects(ServedCall& call) {
  return call.state().server.objects();
}

}  // namespace brood::manager

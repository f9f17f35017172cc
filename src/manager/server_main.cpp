#include "manager/server_main.hpp"

#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <typeinfo>
#include <utility>

#include "manager/server.hpp"
#include "manager/server_call.hpp"
#include "manager/server_stubs.hpp"
#include "platform/shared_descriptor.hpp"
#include "shared/parcel.hpp"

namespace brood::manager {
namespace {

/// What makes objects: the one that is there from the beginning.
struct Root {};

// Each object takes a descriptor or two.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

bool greet(Server& server, int control) {
  Server::Added added = server.add({std::make_shared<Root>(), &typeid(Root), true});
  detail::Bytes greeting;
  OutputArchive archive(greeting);
  archive(detail::ManagedRef(
      server.id(), added.id,
      detail::share_descriptor(std::move(added.lease), detail::SharedDescriptor::Kind::lease)));
  return shared::send_parcel(control, greeting.view(), greeting.carried());
}

}  // namespace

bool server_main(platform::Descriptor control, platform::Descriptor owner) {
  // They go to process groups as a whole; the owner decides what they mean, and its end is ours.
  for (const int signal : {SIGINT, SIGHUP}) ::signal(signal, SIG_IGN);
  raise_descriptor_limit();
  // Never destroyed: a thread of its may be about to end when it is done.
  static Server* const server = new Server;
  return !greet(*server, control.get()) || server->run(control.get(), owner.get());
}

void count_objects(ServedCall& call) { put_result(call, call.state().server.objects()); }

}  // namespace brood::manager

#include "manager/launch.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <brood/file_descriptor.hpp>
#include "manager/remote/gateway.hpp"
#include "manager/remote/key.hpp"
#include "manager/server_main.hpp"
#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "platform/program_files.hpp"
#include "start/server_child.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::manager {
namespace {

constexpr std::chrono::seconds time_to_end{2};

// In the new process. Under fork it has copies of what its owner has: other managers' objects would
// live as long as this one, and pipes of the program would not end before it does.
struct Started {
  Started(const FileDescriptor& its_control, const FileDescriptor& its_owner)
      : control(platform::duplicate(its_control.get())),
        owner(platform::duplicate(its_owner.get())) {
    detail::abandon_descriptors();
    platform::let_go_of_pipes_and_sockets(start::server_socket());
  }
  platform::Descriptor control, owner;
};

void serve(const FileDescriptor& control, const FileDescriptor& owner) {
  Started here(control, owner);
  if (!server_main(std::move(here.control), std::move(here.owner), {})) ::_exit(0);
}

void serve_network(const FileDescriptor& control, const FileDescriptor& owner,
                   const FileDescriptor& listener, std::uint64_t objects, std::uint64_t bytes,
                   std::uint64_t connections) {
  Listening listening{platform::duplicate(listener.get()), {}, {objects, bytes, connections}};
  Started here(control, owner);
  listening.key = receive_key(here.control.get());
  if (listening.key.empty()) return;
  if (!server_main(std::move(here.control), std::move(here.owner), std::move(listening)))
    ::_exit(0);
}

void pass_on(const FileDescriptor& control, const FileDescriptor& owner,
             const std::string& address) {
  Started here(control, owner);
  platform::close_stdio();  // it has nothing to print
  platform::SecretBytes key = receive_key(here.control.get());
  if (key.empty()) return;
  if (!gateway_main(std::move(here.control), std::move(here.owner), {address, std::move(key)}))
    ::_exit(0);
}

template <class F, class... Args>
Process launch(const char* name, const StartMethod& method, F function,
               const platform::Descriptor& control, Args&&... arguments) {
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  Process started(
      {.name = name + platform::next_child_numbers(), .start_method = method, .daemon = true},
      function, FileDescriptor(control.get()), FileDescriptor(owner.get()),
      std::forward<Args>(arguments)...);
  started.start();
  return started;
}

}  // namespace

Process launch_server(const StartMethod& method, platform::Descriptor control) {
  return launch("SyncManager-", method, serve, control);
}

Process launch_server(const StartMethod& method, platform::Descriptor control,
                      platform::Descriptor listener, const ManagerQuotas& quotas) {
  return launch("SyncManager-", method, serve_network, control, FileDescriptor(listener.get()),
                std::uint64_t{quotas.objects}, std::uint64_t{quotas.bytes},
                std::uint64_t{quotas.connections});
}

Process launch_gateway(const StartMethod& method, platform::Descriptor control,
                       const std::string& address) {
  return launch("RemoteManager-", method, pass_on, control, address);
}

void end_server(Process& server) noexcept {
  try {
    if (server.join_for(time_to_end)) return;
    server.kill();
    server.join();
  } catch (const std::exception&) {
    // Other code has reaped it.
  }
}

}  // namespace brood::manager

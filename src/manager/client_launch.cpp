#include "manager/client_launch.hpp"

#include <unistd.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include <brood/file_descriptor.hpp>
#include "manager/server_main.hpp"
#include "platform/identity.hpp"
#include "platform/process.hpp"
#include "platform/shared_descriptor.hpp"

namespace brood::manager {
namespace {

constexpr std::chrono::seconds time_to_end{2};

// Runs in the new process.
void serve(const FileDescriptor& control, const FileDescriptor& owner) {
  platform::Descriptor own_control = platform::duplicate(control.get());
  platform::Descriptor own_owner = platform::duplicate(owner.get());
  // Under fork it has copies of what its owner has: other managers' objects would live as long as
  // this one.
  detail::abandon_descriptors();
  if (!server_main(std::move(own_control), std::move(own_owner))) ::_exit(0);
}

}  // namespace

Process launch_server(const StartMethod& method, platform::Descriptor control) {
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  Process server({.name = "SyncManager-" + platform::next_child_numbers(),
                  .start_method = method,
                  .daemon = true},
                 serve, FileDescriptor(control.get()), FileDescriptor(owner.get()));
  server.start();
  return server;
}

void end_server(Process& server) noexcept {
  try {
    if (server.join_for(time_to_end)) return;
    server.kill();
    server.join();
  } catch (const std::exception&) {
    // Somebody has reaped it.
  }
}

}  // namespace brood::manager

// How the two kinds of server come to life.
#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include <brood/errors.hpp>

#include "base/stack.hpp"
#include "base/streams.hpp"
#include "platform/file_io.hpp"
#include "platform/foreign_close.hpp"
#include "platform/memory_file.hpp"
#include "platform/process.hpp"
#include "start/entry.hpp"
#include "start/server_process.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::start {
namespace {

void become_server(const char* name, int one, int other) noexcept {
  const int kept[] = {one, other};
  platform::close_all_but(kept, 2);
  detail::note_streams_closed();
  platform::set_closes_may_wait(false);
  platform::prepare_stdio();
  platform::set_thread_name(name);
  platform::ignore_signals_to_the_group();
  for (const int number : kept) ::fcntl(number, F_SETFD, FD_CLOEXEC);
}

/// While hooks run nothing is polled: the owner's end of the socket closing kills this process
/// instead. fcntl(2), F_SETSIG.
void die_with_peer(int socket) noexcept {
  ::fcntl(socket, F_SETSIG, SIGKILL);
  ::fcntl(socket, F_SETOWN, ::getpid());
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_ASYNC);
}

void stop_dying_with_peer(int socket) noexcept {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_ASYNC);
}

/// What the program's output goes to is not kept open by a server, which lives as long as the
/// program, but for as long as its hooks run.
void let_go_of_stdio() {
  base::flush_at_exit();
  platform::close_stdio();
}

// From a copy: the hooks are code of the user's, and have the descriptor, too.
std::string run_hooks(const platform::Descriptor& memory, std::size_t size, RunHooks run) {
  if (!platform::facts_of(memory.get()).can_share(size))
    throw SystemError("fcntl", "running preload hooks", ENODATA);
  std::vector<std::byte> hooks(size);
  platform::read_at(memory.get(), hooks, 0);
  return run(hooks);
}

/// False when the owner is gone, or a hook failed and the owner knows.
bool set_up(int control, int owner, RunHooks run) {
  std::optional<platform::Message> message = platform::receive_message(control);
  const std::optional<Request> request = message ? parse<Request>(message->bytes) : std::nullopt;
  if (!request || request->kind != Request::Kind::setup) return false;
  std::string failure;
  if (request->hooks_size != 0) {
    die_with_peer(control);
    // The owner may have died just before: then no signal comes.
    if (platform::wait_for_exit(owner, 0)) return false;
    failure = run_hooks(message->descriptors.at(0), request->hooks_size, run);
    stop_dying_with_peer(control);
  }
  Reply reply{.kind = failure.empty() ? Reply::Kind::ready : Reply::Kind::failed};
  std::vector<std::byte> answer(bytes_of(reply).begin(), bytes_of(reply).end());
  const auto text = std::as_bytes(std::span(failure))
                        .first(std::min(failure.size(), platform::max_message_size / 2));
  answer.insert(answer.end(), text.begin(), text.end());
  return platform::send_message(control, answer) && failure.empty();
}

}  // namespace

void forkserver_main(int control_socket, int owner_pidfd, RunHooks run) {
  become_server("brood-forkserver", control_socket, owner_pidfd);
  try {
    Server server{platform::Descriptor(owner_pidfd)};
    if (set_up(control_socket, owner_pidfd, run)) {
      let_go_of_stdio();
      server.set_control(platform::Descriptor(control_socket));
      server.open_server_socket();
      base::ask_for_stack();  // once, and not in each worker
      server.run();
    }
  } catch (...) {
    ::_exit(1);  // the owner sees the end of its sockets
  }
  ::_exit(0);
}

void snapshot_main(int connection, int owner) noexcept {
  become_server("brood-snapshot", connection, owner);
  platform::close_stdio();
  try {
    Server server{platform::Descriptor(owner)};
    server.add_connection(platform::Descriptor(connection));
    base::ask_for_stack();  // once, and not in each worker
    server.run();
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace brood::start

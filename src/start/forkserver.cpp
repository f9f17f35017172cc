#include <unistd.h>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/mapping.hpp"
#include "platform/socket.hpp"
#include "start/exec.hpp"
#include "start/methods.hpp"
#include "start/server_child.hpp"
#include "start/server_client.hpp"
#include "start/server_handle.hpp"

namespace brood::start {
namespace {

/// Never changed once it can be seen, and never freed: a forked child may have interrupted any
/// other way of sharing it.
struct Hooks {
  std::vector<std::byte> encoded;  // Call::encoded of each, after its length in 64 bits
  const Hooks* previous = nullptr;
};
constinit const Hooks no_hooks;
constinit std::atomic<const Hooks*> current_hooks{&no_hooks};

/// A running fork server. Its pools share it; the last one to go takes it along.
struct RunningServer {
  const Hooks* hooks;
  ServerHandle process;
  platform::Descriptor control;  // closed first

  RunningServer(const Hooks* of, ServerHandle handle, platform::Descriptor socket)
      : hooks(of), process(std::move(handle)), control(std::move(socket)) {}
  ~RunningServer() {
    if (!process.is_ours()) static_cast<void>(control.release());
  }
};

struct State {
  unsigned generation = platform::fork_generation();
  std::mutex mutex;
  std::shared_ptr<RunningServer> server;
};

/// This process's; a forked child starts with a new one, since the old mutex may be locked for
/// ever.
State& state() {
  static constinit std::atomic<State*> current{nullptr};
  State* seen = current.load();
  while (seen == nullptr || seen->generation != platform::fork_generation()) {
    auto fresh = std::make_unique<State>();
    if (current.compare_exchange_strong(seen, fresh.get())) return *fresh.release();
  }
  return *seen;
}

void send_setup(int control, const Hooks& hooks) {
  const Request request{.kind = Request::Kind::setup, .hooks_size = hooks.encoded.size()};
  if (hooks.encoded.empty()) {
    platform::send_message(control, bytes_of(request));
    return;
  }
  platform::SharedMapping memory =
      platform::SharedMapping::create("brood-preload", hooks.encoded.size());
  std::memcpy(memory.data(), hooks.encoded.data(), hooks.encoded.size());
  const int number = memory.descriptor().get();
  platform::send_message(control, bytes_of(request), {&number, 1});
}

/// Blocks while the hooks run.
void await_ready(RunningServer& server) {
  const std::optional<platform::Message> message = platform::receive_message(server.control.get());
  const std::optional<Reply> reply = message ? parse<Reply>(message->bytes) : std::nullopt;
  if (reply && reply->kind == Reply::Kind::ready) return;
  const char* const stage = server.hooks->encoded.empty() ? "launch" : "preload";
  if (!reply)
    throw StartError("forkserver", stage,
                     "the fork server ended: " + server.process.describe_end());
  const auto* const text = reinterpret_cast<const char*>(message->bytes.data());
  throw StartError("forkserver", stage,
                   std::string(text + sizeof(Reply), message->bytes.size() - sizeof(Reply)));
}

std::shared_ptr<RunningServer> launch_server(const Hooks* hooks) {
  platform::SocketPair control = platform::make_socket_pair();
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  StartedProcess started =
      execute(own_executable, forkserver_command(control.theirs.get(), owner.get()));
  auto server = std::make_shared<RunningServer>(
      hooks, ServerHandle(started.pid, std::move(started.pidfd)), std::move(control.ours));
  control.theirs.reset();  // else its end would go unseen
  send_setup(server->control.get(), *hooks);
  await_ready(*server);
  return server;
}

/// The process's server, launched where there is none, where it has ended, and where the hooks have
/// changed. What it replaces goes to `retired`, to be waited for without the lock.
std::shared_ptr<RunningServer> usable_server(State& shared,
                                             std::shared_ptr<RunningServer>& retired) {
  const Hooks* const hooks = current_hooks.load();
  if (shared.server && shared.server->hooks == hooks && !shared.server->process.ended())
    return shared.server;
  retired = std::exchange(shared.server, nullptr);
  shared.server = launch_server(hooks);
  return shared.server;
}

/// Hands the server behind `socket` the far end of a new connection; nothing when it is gone.
std::optional<ServerClient> connect(int socket) {
  platform::SocketPair pair = platform::make_socket_pair();
  const Request request{.kind = Request::Kind::connect};
  const int theirs = pair.theirs.get();
  if (!platform::send_message(socket, bytes_of(request), {&theirs, 1})) return std::nullopt;
  return ServerClient(std::move(pair.ours));
}

/// To the server that has made this process, where it is one that it would launch itself.
std::optional<ServerClient> connect_through_door() {
  if (server_door() < 0 || current_hooks.load() != &no_hooks) return std::nullopt;
  return connect(server_door());
}

/// Workers are forked from a fresh copy of this program, which all pools of the process share.
class ForkserverMethod final : public Method {
 public:
  ForkserverMethod() { reconnect(); }
  ~ForkserverMethod() override {
    if (generation_ != platform::fork_generation()) {
      client_.forget();
    } else {
      client_.close();  // before the server, which ends with its last connection
    }
  }
  std::string name() const override { return "forkserver"; }

  StartedProcess start(const std::string& process_name, const Handover& descriptors) override {
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!client_.is_open()) reconnect();
      if (std::optional<StartedProcess> started =
              client_.start(name(), process_name, descriptors, WorkingDirectory::of_owner)) {
        return std::move(*started);
      }
    }
    throw StartError(name(), "launch", "the fork server ended while it started a worker, twice");
  }

  platform::Ended collect(pid_t pid) override { return client_.collect(pid); }

 private:
  void reconnect() {
    if (std::optional<ServerClient> client = connect_through_door()) {
      client_ = std::move(*client);
      return;
    }
    // The sockets of a killed process close a moment before its pidfd tells.
    constexpr int moment_ms = 200;
    if (server_) static_cast<void>(server_->process.ended(moment_ms));
    for (int attempt = 0; attempt < 2; ++attempt) {
      std::shared_ptr<RunningServer> retired = std::move(server_);
      std::shared_ptr<RunningServer> replaced;
      State& shared = state();
      const std::scoped_lock lock(shared.mutex);
      server_ = usable_server(shared, replaced);
      if (std::optional<ServerClient> client = connect(server_->control.get())) {
        client_ = std::move(*client);
        return;
      }
      static_cast<void>(server_->process.ended(moment_ms));
    }
    throw StartError(name(), "launch", "the fork server ended while a pool connected to it, twice");
  }

  const unsigned generation_ = platform::fork_generation();
  std::shared_ptr<RunningServer> server_;  // null: the one behind the door
  ServerClient client_;
};

}  // namespace

std::unique_ptr<Method> open_forkserver() {
  require_initialized("forkserver");
  return std::make_unique<ForkserverMethod>();
}

void drop_forkserver() noexcept {
  std::shared_ptr<RunningServer> dropped;
  State& shared = state();
  const std::scoped_lock lock(shared.mutex);
  dropped = std::move(shared.server);
}

}  // namespace brood::start

namespace brood {

void set_forkserver_preload(std::vector<Call> hooks) {
  const std::vector<Call> given = std::move(hooks);
  auto next = std::make_unique<start::Hooks>();
  for (const Call& hook : given) {
    const std::uint64_t length = hook.encoded().size();
    const auto* const length_bytes = reinterpret_cast<const std::byte*>(&length);
    next->encoded.insert(next->encoded.end(), length_bytes, length_bytes + sizeof length);
    next->encoded.insert(next->encoded.end(), hook.encoded().begin(), hook.encoded().end());
  }
  next->previous = start::current_hooks.load();
  while (!start::current_hooks.compare_exchange_weak(next->previous, next.get())) {
  }
  static_cast<void>(next.release());
}

}  // namespace brood

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "platform/mapping.hpp"
#include "platform/poll.hpp"
#include "platform/sentinel.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"
#include "start/exec.hpp"
#include "start/methods.hpp"
#include "start/served_method.hpp"
#include "start/server_child.hpp"
#include "start/server_handle.hpp"

namespace brood::start {
namespace {

/// Never changed once it can be seen, and never freed: a forked child may have interrupted any
/// other way of sharing it.
struct Hooks {
  std::vector<std::byte> encoded;  // CallAccess::encoded of each, after its length in 64 bits
  const Hooks* previous = nullptr;
};
constinit const Hooks no_hooks;
constinit std::atomic<const Hooks*> current_hooks{&no_hooks};

/// A running fork server. Its pools share it; the last one to go takes it along.
struct RunningServer {
  const Hooks* hooks;
  ServerHandle process;
  platform::Descriptor control;  // closed first
  platform::FileIdentity identity = platform::FileIdentity::of(control.get());

  RunningServer(const Hooks* of, ServerHandle handle, platform::Descriptor socket)
      : hooks(of), process(std::move(handle)), control(std::move(socket)) {}
  /// This process has closed its descriptors: their numbers may be others' by now.
  bool is_lost() const noexcept { return process.is_ours() && !identity.is_at(control.get()); }
  ~RunningServer() {
    process.is_ours() ? platform::hang_up(control) : static_cast<void>(control.release());
  }
};

struct State {
  unsigned generation = platform::fork_generation();
  base::Mutex mutex;
  std::shared_ptr<RunningServer> server BROOD_GUARDED_BY(mutex);
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

/// What a server has said of its set-up. It stays in the control socket, for every pool to look at.
struct SetupState {
  enum class Kind : std::uint8_t { none, ready, failed, gone };
  Kind kind = Kind::none;
  std::string text;  // failed
};

SetupState peek_setup_state(int control) {
  pollfd readable{control, POLLIN, 0};
  if (platform::system_calls().poll(&readable, 1, 0) <= 0) return {};
  std::array<std::byte, platform::max_message_size> buffer;
  const auto arrived =
      platform::receive_into(control, buffer, platform::Waiting::no, platform::Taking::no,
                             "receiving a fork server's greeting");
  const std::optional<Reply> reply = arrived ? parse<Reply>(arrived->bytes) : std::nullopt;
  if (!reply) return {SetupState::Kind::gone, {}};
  if (reply->kind == Reply::Kind::ready) return {SetupState::Kind::ready, {}};
  const auto text = arrived->bytes.subspan(sizeof(Reply));
  return {SetupState::Kind::failed,
          std::string(reinterpret_cast<const char*>(text.data()), text.size())};
}

const char* stage_of(const RunningServer& server) {
  return server.hooks->encoded.empty() ? "launch" : "preload";
}

StartError late_launch(const RunningServer& server, std::chrono::nanoseconds limit) {
  if (server.hooks->encoded.empty()) return late_answer("forkserver", server.process, limit);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  std::string text = server.process.is_stopped() ? "the fork server is stopped: " : "";
  text += "the preload hooks had not ended within " + std::to_string(ms) + " ms";
  return {"forkserver", "preload", text};
}

/// Does not wait for the end of its set-up.
std::shared_ptr<RunningServer> launch_server(const Hooks* hooks) {
  platform::SocketPair control = platform::make_socket_pair();
  const platform::Descriptor owner = platform::open_pidfd(::getpid());
  StartedProcess started =
      execute(own_executable, forkserver_command(control.theirs.get(), owner.get()));
  auto server = std::make_shared<RunningServer>(
      hooks, ServerHandle(started.pid, std::move(started.pidfd)), std::move(control.ours));
  control.theirs.reset();  // else its end would go unseen
  send_setup(server->control.get(), *hooks);
  return server;
}

/// Closes nothing, for the numbers may be others': the server ends by itself.
void keep_for_ever(std::shared_ptr<RunningServer> lost) {
  static auto* const kept = new std::vector<std::shared_ptr<RunningServer>>;
  kept->push_back(std::move(lost));
}

/// The process's server, launched where there is none, where it has ended, and where the hooks have
/// changed. What it replaces goes to `retired`, to be waited for without the lock.
std::shared_ptr<RunningServer> usable_server(State& shared, std::shared_ptr<RunningServer>& retired)
    BROOD_REQUIRES(shared.mutex) {
  const Hooks* const hooks = current_hooks.load();
  if (shared.server && shared.server->is_lost()) keep_for_ever(std::move(shared.server));
  if (shared.server && shared.server->hooks == hooks && !shared.server->process.ended() &&
      peek_setup_state(shared.server->control.get()).kind < SetupState::Kind::failed)
    return shared.server;
  retired = std::exchange(shared.server, nullptr);
  shared.server = launch_server(hooks);
  return shared.server;
}

/// The next pool launches another one.
void forget_server(const std::shared_ptr<RunningServer>& server) {
  State& shared = state();
  const base::MutexLock lock(shared.mutex);
  if (shared.server == server) shared.server.reset();
}

/// Hands the server behind `socket` the far end of a new connection; nothing when it is gone, or
/// has no room for it.
std::optional<ServerClient> connect(int socket) {
  platform::SocketPair pair = platform::make_socket_pair();
  const Request request{.kind = Request::Kind::connect};
  const int theirs = pair.theirs.get();
  if (platform::try_send_message(socket, bytes_of(request), {&theirs, 1}) !=
      platform::SendState::sent)
    return std::nullopt;
  return ServerClient(std::move(pair.ours));
}

/// Workers are forked from a fresh copy of this program, which all pools of the process share.
class ForkserverMethod final : public ServedMethod {
 public:
  ForkserverMethod() : ServedMethod(WorkingDirectory::of_owner) { reconnect(); }
  ~ForkserverMethod() override {
    if (generation_ != platform::fork_generation()) {
      client_.forget();
    } else {
      client_.close();  // before the server, which ends with its last connection
    }
  }
  std::string name() const override { return "forkserver"; }
  void await_server(std::chrono::nanoseconds limit) override;
  StartError late(std::chrono::nanoseconds limit) const override;
  void resume_server() const noexcept override {
    if (server_) server_->process.resume();
  }
  int answers() const noexcept override {
    return client_.is_open() || !server_ ? client_.socket() : server_->control.get();
  }

 private:
  void reconnect() override;
  void find_server();
  bool connect_through_server_socket();
  // Not behind the server socket, where others of this program may have taken all the room.
  bool has_another_server() const override { return !server_; }
  StartError lost_twice() override;
  StartError launch_failed(const SetupState& setup);

  const unsigned generation_ = platform::fork_generation();
  std::shared_ptr<RunningServer> server_;  // null: the one behind the server socket
  bool awaited_ = false;                   // server_ is new, and its set-up may not have ended
  bool server_socket_tried_ = false;
};

/// To the server that has made this process, where it is one that it would launch itself. Once: one
/// that has closed the connection has no room, or is gone.
bool ForkserverMethod::connect_through_server_socket() {
  if (std::exchange(server_socket_tried_, true) || server_socket() < 0 ||
      current_hooks.load() != &no_hooks)
    return false;
  std::optional<ServerClient> client = connect(server_socket());
  if (client) client_ = std::move(*client);
  return client.has_value();
}

// The sockets of a killed process close a moment before its pidfd tells.
void wait_a_moment_for_the_end(const RunningServer& server) {
  constexpr int moment_ms = 200;
  static_cast<void>(server.process.ended(moment_ms));
}

void ForkserverMethod::find_server() {
  if (server_) wait_a_moment_for_the_end(*server_);
  const std::shared_ptr<RunningServer> retired = std::move(server_);
  std::shared_ptr<RunningServer> replaced;
  State& shared = state();
  const base::MutexLock lock(shared.mutex);
  server_ = usable_server(shared, replaced);
  awaited_ = true;
}

// While its hooks run nothing may be sent to a server: see README.md.
void ForkserverMethod::reconnect() {
  if (connect_through_server_socket()) return;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!awaited_) find_server();
    const SetupState setup = peek_setup_state(server_->control.get());
    if (setup.kind == SetupState::Kind::none) return;
    awaited_ = false;
    if (setup.kind != SetupState::Kind::ready) throw launch_failed(setup);
    if (std::optional<ServerClient> client = connect(server_->control.get())) {
      client_ = std::move(*client);
      return;
    }
    if (!server_->process.ended()) wait_a_moment_for_the_end(*server_);
  }
  if (server_->process.ended())
    throw StartError(name(), "launch", "the fork server ended while a pool connected to it, twice");
  throw StartError(name(), "launch", "the fork server takes no connections: it may be stopped");
}

void ForkserverMethod::await_server(std::chrono::nanoseconds limit) {
  constexpr auto longest = std::chrono::hours(24 * 365);
  const auto deadline =
      std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(limit, longest);
  while (!client_.is_open()) {
    pollfd readable{server_->control.get(), POLLIN, 0};
    if (platform::poll_until({&readable, 1}, deadline, "launching a fork server") == 0) {
      forget_server(server_);
      throw late_launch(*server_, limit);
    }
    reconnect();
  }
}

StartError ForkserverMethod::launch_failed(const SetupState& setup) {
  forget_server(server_);
  if (setup.kind == SetupState::Kind::failed) return {name(), stage_of(*server_), setup.text};
  const base::MutexLock lock(state().mutex);  // other pools may describe it
  return {name(), stage_of(*server_), "the fork server ended: " + server_->process.describe_end()};
}

StartError ForkserverMethod::lost_twice() {
  return {name(), "launch", "the fork server ended while it started a worker, twice"};
}

StartError ForkserverMethod::late(std::chrono::nanoseconds limit) const {
  if (!server_) return Method::late(limit);
  return awaited_ ? late_launch(*server_, limit) : late_answer(name(), server_->process, limit);
}

}  // namespace

std::unique_ptr<Method> open_forkserver() {
  require_initialized("forkserver");
  return std::make_unique<ForkserverMethod>();
}

void drop_forkserver() noexcept {
  std::shared_ptr<RunningServer> dropped;
  State& shared = state();
  const base::MutexLock lock(shared.mutex);
  dropped = std::move(shared.server);
  if (dropped && dropped->is_lost()) keep_for_ever(std::move(dropped));
}

}  // namespace brood::start

namespace brood {

void set_forkserver_preload(std::vector<Call> hooks) {
  const std::vector<Call> given = std::move(hooks);
  auto next = std::make_unique<start::Hooks>();
  for (const Call& hook : given) {
    const std::uint64_t length = detail::CallAccess::encoded(hook).size();
    const auto* const length_bytes = reinterpret_cast<const std::byte*>(&length);
    next->encoded.insert(next->encoded.end(), length_bytes, length_bytes + sizeof length);
    next->encoded.insert(next->encoded.end(), detail::CallAccess::encoded(hook).begin(),
                         detail::CallAccess::encoded(hook).end());
  }
  next->previous = start::current_hooks.load();
  while (!start::current_hooks.compare_exchange_weak(next->previous, next.get())) {
  }
  static_cast<void>(next.release());
}

}  // namespace brood

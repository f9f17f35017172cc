#include <unistd.h>

#include <optional>
#include <span>
#include <string>
#include <utility>

#include <brood/errors.hpp>
#include <brood/manager.hpp>
#include "base/mutex.hpp"
#include "manager/client/channels.hpp"
#include "manager/launch.hpp"
#include "manager/operation_codec.hpp"
#include "manager/remote/key.hpp"
#include "platform/process.hpp"
#include "platform/secret_bytes.hpp"
#include "platform/socket.hpp"
#include "platform/tcp.hpp"
#include "shared/envelope.hpp"
#include "start/method.hpp"

namespace brood {

using detail::ManagedRef;
using manager::call_operation;
using manager::RootOperations;

namespace {

platform::Listener listen(const ManagerOptions& options) {
  start::require_starts_allowed();
  if (options.address.empty()) {
    if (!options.key.empty()) throw UsageError("brood::Manager: a key without an address");
    return {};
  }
  manager::demand_key(options.key);
  const ManagerQuotas& quotas = options.quotas;
  if (quotas.objects == 0 || quotas.bytes == 0 || quotas.connections == 0)
    throw UsageError("brood::Manager: a quota is at least 1");
  return platform::listen_at(options.address);
}

platform::SecretBytes secret(const std::string& key) {
  return platform::SecretBytes(std::as_bytes(std::span(key)));
}

/// An option's copy of a key ends here, before a process is forked that would have it, too.
platform::SecretBytes taken(std::string& key) {
  platform::SecretBytes secret_key = secret(key);
  platform::wipe(key);
  return secret_key;
}

}  // namespace

class Manager::Server {
 public:
  /// Of its own. Takes the key from the options.
  explicit Server(ManagerOptions& options) : Server(options, listen(options)) {}
  /// A gateway to that at `address`.
  Server(const StartMethod& method, const std::string& address, const std::string& key)
      : Server(method, address, secret(key), platform::make_socket_pair()) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    if (is_owner()) end();
  }

  bool is_owner() const noexcept { return generation_ == platform::fork_generation(); }
  const ManagedRef& root() const noexcept { return root_; }
  int pid() const noexcept { return pid_; }
  const std::string& name() const { return process_.name(); }
  const std::string& address() const noexcept { return address_; }
  void end() noexcept {
    const base::MutexLock lock(ending_);
    if (!control_) return;
    platform::hang_up(control_);
    manager::end_server(process_);
    if (!is_remote_) manager::forget_server(server_of(root_));
  }

 private:
  Server(ManagerOptions& options, platform::Listener listener)
      : Server(options, std::move(listener), taken(options.key), platform::make_socket_pair()) {}
  Server(const ManagerOptions& options, platform::Listener listener,
         const platform::SecretBytes& key, platform::SocketPair control)
      : address_(std::move(listener.address)),
        control_(std::move(control.ours)),
        process_(listener.socket
                     ? manager::launch_server(options.start_method, std::move(control.theirs),
                                              std::move(listener.socket), options.quotas)
                     : manager::launch_server(options.start_method, std::move(control.theirs))) {
    if (!key.empty()) manager::send_key(control_.get(), key);
    greet(control_.get(), options.start_method);
  }
  Server(const StartMethod& method, const std::string& address, const platform::SecretBytes& key,
         platform::SocketPair control)
      : is_remote_(true),
        address_(address),
        control_(std::move(control.ours)),
        process_(manager::launch_gateway(method, std::move(control.theirs), address)) {
    manager::send_key(control_.get(), key);
    greet(control_.get(), method);
  }

  void greet(int control, const StartMethod& method) {
    const auto deadline = detail::deadline_after(std::chrono::seconds(60));
    std::optional<detail::Envelope> greeting;
    if (shared::wait_readable(control, deadline)) greeting = shared::receive_envelope(control);
    if (!greeting || greeting->view().empty())
      throw StartError(method.name().empty() ? get_start_method() : method.name(), "greeting",
                       "the manager's server did not come up");
    root_ = manager::open_reply(std::move(*greeting)).get<ManagedRef>();
  }

  const unsigned generation_ = platform::fork_generation();
  const bool is_remote_ = false;
  const std::string address_;
  base::Mutex ending_;
  platform::Descriptor control_ BROOD_GUARDED_BY(ending_);  // null: ended
  Process process_;
  const int pid_ = process_.pid();
  ManagedRef root_;
};

Manager::Manager(ManagerOptions options) try : server_(std::make_unique<Server>(options)) {
  root_ = server_->root();
} catch (...) {
  platform::wipe(options.key);  // of options that were refused
  throw;
}
Manager::Manager(std::unique_ptr<Server> server) : server_(std::move(server)) {
  root_ = server_->root();
}

Manager::~Manager() = default;

Manager Manager::connect(const std::string& address, const std::string& key,
                         StartMethod start_method) {
  start::require_starts_allowed();
  manager::demand_key(key);
  platform::demand_address(address);
  return Manager(std::make_unique<Server>(start_method, address, key));
}

const std::string& Manager::address() const { return server_->address(); }

void Manager::shutdown() {
  if (!server_->is_owner())
    throw UsageError("brood::Manager: a forked child cannot shut its parent's server down");
  server_->end();
}

int Manager::pid() const { return server_->pid(); }
const std::string& Manager::name() const { return server_->name(); }

std::size_t Manager::objects() const {
  return call_operation<&RootOperations::count_objects>(root_);
}

}  // namespace brood

#include <unistd.h>

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <brood/errors.hpp>
#include <brood/manager.hpp>
#include "manager/client_channels.hpp"
#include "manager/client_launch.hpp"
#include "manager/server_stubs.hpp"
#include "platform/process.hpp"
#include "platform/socket.hpp"
#include "shared/parcel.hpp"

namespace brood {

using detail::call_stub;
using detail::ManagedRef;

class Manager::Server {
 public:
  explicit Server(const StartMethod& method) : Server(method, platform::make_socket_pair()) {
    greet(method);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    if (is_owner()) end();
  }

  bool is_owner() const noexcept { return generation_ == platform::fork_generation(); }
  const ManagedRef& root() const noexcept { return root_; }
  int pid() const noexcept { return pid_; }
  const std::string& name() const { return process_.name(); }
  void end() noexcept {
    const std::lock_guard lock(ending_);
    if (!control_) return;
    control_.reset();
    manager::end_server(process_);
    manager::forget_server(root_.server_id());
  }

 private:
  Server(const StartMethod& method, platform::SocketPair control)
      : control_(std::move(control.ours)),
        process_(manager::launch_server(method, std::move(control.theirs))) {}
  void greet(const StartMethod& method) {
    const auto deadline = detail::deadline_after(std::chrono::seconds(60));
    std::optional<detail::Parcel> greeting;
    if (shared::wait_readable(control_.get(), deadline))
      greeting = shared::receive_parcel(control_.get());
    if (!greeting)
      throw StartError(method.name().empty() ? get_start_method() : method.name(), "greeting",
                       "the manager's server did not come up");
    root_ = detail::open_parcel<ManagedRef>(*greeting);
  }

  const unsigned generation_ = platform::fork_generation();
  std::mutex ending_;
  platform::Descriptor control_;  // null: ended
  Process process_;
  const int pid_ = process_.pid();
  ManagedRef root_;
};

Manager::Manager(ManagerOptions options)
    : server_(std::make_unique<Server>(options.start_method)) {}

Manager::~Manager() = default;

void Manager::shutdown() {
  if (!server_->is_owner())
    throw UsageError("brood::Manager: a forked child cannot shut its parent's server down");
  server_->end();
}

const ManagedRef& Manager::root() const noexcept { return server_->root(); }
int Manager::pid() const { return server_->pid(); }
const std::string& Manager::name() const { return server_->name(); }

std::size_t Manager::objects() const {
  return call_stub<std::size_t>(root(), &manager::count_objects);
}
ManagedSpace Manager::space() const {
  return ManagedSpace(call_stub<ManagedRef>(root(), &manager::make_space));
}
ManagedRef Manager::make_queue(std::size_t maxsize) const {
  return call_stub<ManagedRef>(root(), &manager::make_queue, maxsize);
}
ManagedLock Manager::lock() const {
  return ManagedLock(call_stub<ManagedRef>(root(), &manager::make_lock, false));
}
ManagedRLock Manager::rlock() const {
  return ManagedRLock(call_stub<ManagedRef>(root(), &manager::make_lock, true));
}
ManagedSemaphore Manager::semaphore(std::int64_t count) const {
  return ManagedSemaphore(call_stub<ManagedRef>(root(), &manager::make_semaphore, count, false));
}
ManagedBoundedSemaphore Manager::bounded_semaphore(std::int64_t count) const {
  return ManagedSemaphore(call_stub<ManagedRef>(root(), &manager::make_semaphore, count, true));
}
ManagedEvent Manager::event() const {
  return ManagedEvent(call_stub<ManagedRef>(root(), &manager::make_event));
}
ManagedCondition Manager::condition(const detail::ManagedMutex& lock) const {
  if (lock.server_id() != root().server_id())
    throw UsageError("brood::Manager::condition: its lock is an object of the same manager");
  return ManagedCondition(
      call_stub<ManagedRef>(root(), &manager::make_condition, lock.object_id()));
}
ManagedBarrier Manager::barrier(std::int64_t parties) const {
  return ManagedBarrier(call_stub<ManagedRef>(root(), &manager::make_barrier, parties));
}

}  // namespace brood

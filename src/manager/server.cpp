#include "manager/server.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "manager/messages.hpp"
#include "manager/remote_frame.hpp"
#include "manager/server_call.hpp"
#include "manager/server_network.hpp"
#include "platform/poll.hpp"
#include "platform/system_calls.hpp"
#include "shared/parcel.hpp"

namespace brood::manager {
namespace {

constexpr std::uint64_t control_id = ~std::uint64_t{0};
constexpr std::uint64_t owner_id = control_id - 1;
constexpr std::uint64_t root_id = 1;
constexpr std::chrono::milliseconds time_to_end{500};  // for calls that run, and then destructors

std::uint64_t draw() {
  std::uint64_t drawn = 0;
  if (::getrandom(&drawn, sizeof drawn, 0) != sizeof drawn)
    throw SystemError("getrandom", "starting a manager's server", errno);
  return drawn;
}

platform::Descriptor make_epoll() {
  const int made = platform::system_calls().epoll_create1(EPOLL_CLOEXEC);
  if (made < 0) throw SystemError("epoll_create1", "starting a manager's server", errno);
  return platform::adopt_above_stdio(made);
}

struct Request {
  bool at_end = false;
  std::optional<detail::Parcel> parcel;  // null: it could not be received; `refusal` says why
  detail::Bytes refusal;
};

Request next_request(Caller& caller) {
  if (caller.has_taken()) {
    const bool got = got_the_answer(caller.socket()) && !caller.is_lost();
    got ? caller.delivered() : caller.give_back();
  }
  Request request;
  try {
    request.parcel = shared::receive_parcel(caller.socket());
    request.at_end = !request.parcel;
  } catch (const SystemError&) {
    request.refusal = failure();  // its descriptors found no room here
  }
  return request;
}

// False when the client has ended: what the call has taken is given back.
bool deliver(Caller& caller, const detail::Bytes& reply) {
  bool sent = false;
  try {
    sent = shared::send_parcel(caller.socket(), reply.view(), reply.carried());
  } catch (const SystemError&) {  // unix(7), ETOOMANYREFS
    caller.give_back();
    return shared::send_parcel(caller.socket(), failure().view(), {});
  }
  if (!sent) caller.give_back();
  return sent;
}

}  // namespace

Server::Server() : id_(draw()), events_(make_epoll()) {}

void Server::watch(int descriptor, std::uint64_t id) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  if (platform::system_calls().epoll_ctl(events_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw SystemError("epoll_ctl", "watching in a manager's server", errno);
}

Server::Added Server::add(detail::ServedObject object) {
  platform::SocketPair pair = platform::make_socket_pair();
  auto entry = std::make_shared<Entry>();
  entry->object = std::move(object);
  entry->lease = std::move(pair.ours);
  detail::DescriptorRef lease =
      detail::share_descriptor(std::move(pair.theirs), detail::SharedDescriptor::Kind::lease);
  entry->token = lease->token();
  const std::lock_guard lock(mutex_);
  entry->id = ++last_id_;
  watch(entry->lease.get(), entry->id);
  tokens_.insert(entry->token);
  entries_.emplace(entry->id, entry);
  return {entry->id, std::move(lease)};
}

bool Server::owns(const Token& token) const {
  const std::lock_guard lock(mutex_);
  return tokens_.contains(token);
}

std::shared_ptr<Entry> Server::find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(id);
  return entry == entries_.end() ? nullptr : entry->second;
}

std::size_t Server::objects() const {
  const std::lock_guard lock(mutex_);
  return entries_.size() - entries_.count(root_id);
}

bool Server::run(int control, int owner, Network* network) {
  watch(control, control_id);
  watch(owner, owner_id);
  std::thread collector([this] { collect(); });
  collector.detach();
  for (bool serving = true; serving;) {
    std::array<epoll_event, 16> ready{};
    const int count = ::epoll_wait(events_.get(), ready.data(), ready.size(), -1);
    for (int i = 0; i < count; ++i)
      serving = serve_event(ready[static_cast<std::size_t>(i)].data.u64) && serving;
  }
  const bool alone = network == nullptr || network->stop();
  return end() && alone;
}

bool Server::serve_event(std::uint64_t id) {
  if (id == control_id || id == owner_id) return false;
  const std::shared_ptr<Entry> entry = find(id);
  if (!entry || serve_lease(*entry)) return true;
  drop(id);
  return id != root_id;
}

// False when the last proxy is gone.
bool Server::serve_lease(const Entry& entry) {
  for (;;) {
    bool nothing = false;
    std::optional<platform::Message> message;
    try {
      message = platform::receive_message_lossy(entry.lease.get(), 0, &nothing);
    } catch (const SystemError&) {
      return true;  // for want of memory; that client sees the end of its connection
    }
    if (!message) return nothing;
    accept(std::move(*message));
  }
}

void Server::accept(platform::Message&& message) {
  ConnectMessage connect;
  if (message.bytes.size() != sizeof connect || message.descriptors.size() != 1) return;
  std::memcpy(&connect, message.bytes.data(), sizeof connect);
  if (connect.kind != ConnectMessage::right_kind) return;
  open(std::move(message.descriptors.front()), connect.process);
}

std::shared_ptr<Caller> Server::open(platform::Descriptor socket, std::uint64_t process) {
  auto caller = std::make_shared<Caller>(std::move(socket), process);
  const std::lock_guard lock(mutex_);
  try {
    callers_.insert(caller);
    ++connections_of_[process];
    std::thread([this, caller] { serve(*caller); }).detach();
  } catch (const std::exception&) {  // no thread: the client sees the end of its connection
    callers_.erase(caller);
    --connections_of_[process];
    return nullptr;
  }
  return caller;
}

void Server::serve(Caller& caller) noexcept {
  try {
    for (;;) {
      Request request = next_request(caller);
      if (request.at_end) break;
      const detail::Bytes reply = request.parcel ? answer(*this, caller, std::move(*request.parcel))
                                                 : std::move(request.refusal);
      request.parcel.reset();
      if (!deliver(caller, reply)) break;
    }
  } catch (const std::exception&) {
    // The caller has ended, or what came was no request, or there is no memory for an answer.
  }
  const std::uint64_t process = caller.holder().process;
  std::shared_ptr<Caller> mine;  // goes without the lock
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    last = --connections_of_[process] == 0;
    if (last) connections_of_.erase(process);
  }
  if (last) forget_process(process);
  const std::lock_guard lock(mutex_);
  for (auto entry = callers_.begin(); entry != callers_.end(); ++entry) {
    if (entry->get() != &caller) continue;
    mine = *entry;
    callers_.erase(entry);
    break;
  }
  caller_gone_.notify_all();
}

void Server::forget_process(std::uint64_t process) {
  std::vector<std::shared_ptr<Entry>> concerned;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : entries_) {
      if (entry->object.forget_process != nullptr) concerned.push_back(entry);
    }
  }
  for (const std::shared_ptr<Entry>& entry : concerned)
    entry->object.forget_process(entry->object.object.get(), process);
}

void Server::drop(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  // A call may still have it: no more events of its lease.
  ::epoll_ctl(events_.get(), EPOLL_CTL_DEL, entry->second->lease.get(), nullptr);
  tokens_.erase(entry->second->token);
  dropped_.push_back(std::move(entry->second));
  entries_.erase(entry);
  to_collect_.notify_all();
}

// Destroys objects: their destructors may take long, and call other objects of this very server.
void Server::collect() {
  std::unique_lock lock(mutex_);
  for (;;) {
    to_collect_.wait(lock, [this] { return ending_ || !dropped_.empty(); });
    if (dropped_.empty()) break;
    std::shared_ptr<Entry> entry = std::move(dropped_.front());
    dropped_.pop_front();
    lock.unlock();
    entry.reset();
    lock.lock();
  }
  collected_ = true;
  collector_gone_.notify_all();
}

bool Server::end() {
  std::unique_lock lock(mutex_);
  for (const std::shared_ptr<Caller>& caller : callers_) caller->end();
  if (!caller_gone_.wait_for(lock, time_to_end, [this] { return callers_.empty(); })) return false;
  for (auto& [id, entry] : entries_) dropped_.push_back(std::move(entry));
  entries_.clear();
  ending_ = true;
  to_collect_.notify_all();
  return collector_gone_.wait_for(lock, time_to_end, [this] { return collected_; });
}

}  // namespace brood::manager

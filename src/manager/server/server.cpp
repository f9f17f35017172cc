#include "manager/server/server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "manager/delivery.hpp"
#include "manager/messages.hpp"
#include "manager/notifications.hpp"
#include "manager/replies.hpp"
#include "manager/server/call.hpp"
#include "platform/copies.hpp"
#include "platform/peek.hpp"
#include "platform/random.hpp"
#include "platform/rights.hpp"
#include "shared/envelope.hpp"

namespace brood::manager {
namespace {

constexpr std::uint64_t control_id = ~std::uint64_t{0};
constexpr std::uint64_t owner_id = control_id - 1;
constexpr std::uint64_t root_id = 1;
constexpr std::chrono::milliseconds time_to_end{500};  // for calls that run, and then destructors

std::uint64_t inode_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw SystemError("fstat", "looking at a proxy", errno);
  return status.st_ino;
}

struct Request {
  bool at_end = false;
  std::optional<detail::Envelope> envelope;  // null: it could not be received; `refusal` says why
  detail::Bytes refusal;
};

Request receive_request(int socket) {
  Request request;
  try {
    request.envelope = shared::receive_envelope(socket);
    request.at_end = !request.envelope;
  } catch (const SystemError& error) {           // what it has brought along found no room here
    if (!shared::is_want_of_room(error)) throw;  // it would be the same for ever
    request.refusal = failure();
  }
  return request;
}

// Whether the answer has arrived, of a call that took something. What a local client has read is
// its own, and kept here no longer; of a remote one its gateway says so. A client that gives an
// answer back says so before it takes that from the socket.
void settle(Caller& caller) {
  const bool is_local = caller.account() == nullptr;
  Backoff backoff;
  while (caller.has_taken()) {
    const auto got =
        got_the_answer_by(caller.socket(), is_local ? backoff.next() : platform::Deadline());
    if (got && *got && !caller.is_lost()) return;  // what comes says it
    if (got) {
      caller.give_back();
    } else if (platform::is_read(caller.socket()) &&
               !shared::wait_readable(caller.socket(), std::chrono::steady_clock::now())) {
      caller.delivered();
    }
  }
}

Request next_request(Caller& caller) {
  for (;;) {
    settle(caller);
    Request request = receive_request(caller.socket());
    const auto notification =
        request.envelope ? notification_in(request.envelope->view()) : std::nullopt;
    notification == Notification::lost ? caller.give_back() : caller.delivered();
    if (!notification) return request;
  }
}

// False when the client has ended: what the call has taken is given back.
bool deliver(Caller& caller, const detail::Bytes& reply) {
  bool sent = false;
  try {
    sent = shared::send_envelope(caller.socket(), reply.view(), reply.attached());
  } catch (const SystemError&) {  // unix(7), ETOOMANYREFS
    caller.give_back();
    return shared::send_envelope(caller.socket(), failure().view(), {});
  }
  if (!sent) caller.give_back();
  return sent;
}

}  // namespace

// One client may have half of the connections that the server can have, whatever it does.
Server::Server()
    : id_(platform::random_number("starting a manager's server")),
      most_from_one_(std::min<std::size_t>(platform::descriptor_limit() / 2, 16 * 1024)),
      watched_("watching in a manager's server") {
  std::thread([this] { collect(); }).detach();
}

// Else many threads could make objects faster than one thread sees that others are not needed any
// more, until there is no descriptor left.
void Server::let_objects_go() {
  constexpr std::size_t many = 200;
  if (objects() > many) watched_.wait_while_behind(std::chrono::milliseconds(100));
}

Server::Added Server::add(detail::ServedObject object, Charge charge) {
  let_objects_go();
  platform::SocketPair pair = platform::make_socket_pair();
  auto entry = std::make_shared<Entry>();
  entry->object = std::move(object);
  entry->charge = std::move(charge);
  entry->lease = std::move(pair.ours);
  detail::DescriptorRef lease =
      detail::share_descriptor(std::move(pair.theirs), detail::SharedDescriptor::Kind::lease);
  entry->token = lease->token();
  const base::MutexLock lock(mutex_);
  entry->id = ++last_id_;
  const std::uint64_t inode = inode_of(lease->get());
  tokens_.emplace(entry->token, inode);
  lease_inodes_.insert(inode);
  entries_.emplace(entry->id, entry);
  try {
    watched_.add(entry->lease.get(), entry->id);
  } catch (const SystemError&) {
    forget_lease(entry->token);
    entries_.erase(entry->id);
    throw;
  }
  return {entry->id, std::move(lease)};
}

void Server::forget_lease(const Token& token) noexcept {
  const auto known = tokens_.find(token);
  if (known == tokens_.end()) return;
  lease_inodes_.erase(known->second);
  tokens_.erase(known);
}

bool Server::owns(const Token& token) const {
  const base::MutexLock lock(mutex_);
  return tokens_.contains(token);
}

void Server::demand_genuine(const detail::DescriptorRef& received) const {
  const base::MutexLock lock(mutex_);
  const auto known = tokens_.find(received->token());
  if (known != tokens_.end() && inode_of(received->get()) != known->second)
    throw CodecError(CodecError::Direction::decode, "",
                     "a proxy in it is not that which the server has made");
}

std::shared_ptr<Entry> Server::find(std::uint64_t id) const {
  const base::MutexLock lock(mutex_);
  const auto entry = entries_.find(id);
  return entry == entries_.end() ? nullptr : entry->second;
}

std::size_t Server::objects() const {
  const base::MutexLock lock(mutex_);
  return entries_.size() - entries_.count(root_id);
}

void Server::run(int control, int owner) {
  watched_.add(control, control_id);
  watched_.add(owner, owner_id);
  watched_.serve([this](std::uint64_t id) { return serve_event(id); });
}

bool Server::serve_event(std::uint64_t id) {
  if (id == control_id || id == owner_id) return false;
  const std::shared_ptr<Entry> entry = find(id);
  const auto serve_client = [this](platform::Descriptor socket, std::uint64_t process) {
    open(std::move(socket), process);
  };
  if (!entry || take_connections(entry->lease.get(), serve_client)) return true;
  drop(id);
  return id != root_id;
}

std::shared_ptr<Caller> Server::open(platform::Descriptor socket, std::uint64_t process,
                                     std::shared_ptr<Account> account) {
  auto caller = std::make_shared<Caller>(std::move(socket), process, std::move(account));
  const base::MutexLock lock(mutex_);
  const int peer = caller->peer();
  if (peer != 0 && connections_from_[peer] >= most_from_one_) return nullptr;
  // A lease would be held by its own server, for ever.
  if (peer == ::getpid() && lease_inodes_.contains(inode_of(caller->socket()))) return nullptr;
  try {
    callers_.insert(caller);
    ++connections_of_[process];
    if (peer != 0) ++connections_from_[peer];
    std::thread([this, caller] { serve(*caller); }).detach();
  } catch (const std::exception&) {  // no thread: the client sees the end of its connection
    forget_connection(*caller);
    callers_.erase(caller);
    return nullptr;
  }
  return caller;
}

bool Server::forget_connection(const Caller& caller) noexcept {
  const auto drop_one = [](auto& counts, auto key) {
    const auto found = counts.find(key);
    if (found == counts.end() || --found->second != 0) return false;
    counts.erase(found);
    return true;
  };
  drop_one(connections_from_, caller.peer());
  return drop_one(connections_of_, caller.holder().process);
}

void Server::serve(Caller& caller) noexcept {
  try {
    for (;;) {
      Request request = next_request(caller);
      if (request.at_end) break;
      const detail::Bytes reply = request.envelope
                                      ? answer(*this, caller, std::move(*request.envelope))
                                      : std::move(request.refusal);
      request.envelope.reset();
      caller.take_charge().clear();  // what has kept the request has it
      if (!deliver(caller, reply)) break;
    }
  } catch (const std::exception&) {
    // The caller has ended, or what came was no request, or there is no memory for an answer.
  }
  leave(caller);
}

void Server::leave(const Caller& caller) noexcept {
  std::shared_ptr<Caller> mine;  // goes without the lock
  bool last = false;
  {
    const base::MutexLock lock(mutex_);
    last = forget_connection(caller);
  }
  if (last) forget_process(caller.holder().process);
  const base::MutexLock lock(mutex_);
  for (auto entry = callers_.begin(); entry != callers_.end(); ++entry) {
    if (entry->get() != &caller) continue;
    mine = *entry;
    callers_.erase(entry);
    break;
  }
  caller_gone_.notify_all();
}

// One object after the other, so that no memory is needed: the locks of a process that has ended
// go to the next in any case.
void Server::forget_process(std::uint64_t process) noexcept {
  std::uint64_t next = 0;
  for (;;) {
    std::shared_ptr<Entry> entry;
    {
      const base::MutexLock lock(mutex_);
      const auto found = entries_.lower_bound(next);
      if (found == entries_.end()) return;
      next = found->first + 1;
      if (found->second->object.forget_process != nullptr) entry = found->second;
    }
    if (entry) entry->object.forget_process(entry->object.object.get(), process);
  }
}

void Server::drop(std::uint64_t id) {
  const base::MutexLock lock(mutex_);
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  dropped_.push_back(entry->second);  // may throw: nothing has changed then
  // What the object has forked may have a copy of its lease: no more events of that.
  watched_.remove(entry->second->lease.get());
  entry->second->lease.reset();  // at once: destroying objects may take long
  forget_lease(entry->second->token);
  entries_.erase(entry);
  to_collect_.notify_all();
}

// Destroys objects: their destructors may take long, and call other objects of this very server.
void Server::collect() {
  base::MutexLock lock(mutex_);
  for (;;) {
    to_collect_.wait(mutex_,
                     [this]() BROOD_REQUIRES(mutex_) { return ending_ || !dropped_.empty(); });
    if (dropped_.empty()) break;
    std::shared_ptr<Entry> entry = std::move(dropped_.front());
    dropped_.pop_front();
    lock.unlock();
    entry.reset();
    platform::end_if_copy();
    lock.lock();
  }
  collected_ = true;
  collector_gone_.notify_all();
}

bool Server::end() {
  base::MutexLock lock(mutex_);
  for (const std::shared_ptr<Caller>& caller : callers_) caller->end();
  if (!caller_gone_.wait_for(mutex_, time_to_end,
                             [this]() BROOD_REQUIRES(mutex_) { return callers_.empty(); }))
    return false;
  for (auto& [id, entry] : entries_) dropped_.push_back(std::move(entry));
  entries_.clear();
  ending_ = true;
  to_collect_.notify_all();
  return collector_gone_.wait_for(mutex_, time_to_end,
                                  [this]() BROOD_REQUIRES(mutex_) { return collected_; });
}

}  // namespace brood::manager

#include "start/server_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <span>

#include "platform/process.hpp"
#include "platform/rights.hpp"
#include "platform/system_calls.hpp"
#include "start/exec.hpp"
#include "start/server_child.hpp"

namespace brood::start {
namespace {

// A client that sends requests and reads no replies is not read any more.
constexpr std::size_t longest_queue = 64;
constexpr std::chrono::seconds time_to_die{1};
constexpr std::chrono::milliseconds time_to_leave{600};
constexpr std::chrono::milliseconds time_to_be_released{200};  // by a tracer

struct Given {
  WorkerDescriptors descriptors;
  int directory = -1;
};

/// Nothing where there are more or fewer than the request says.
std::optional<Given> given_for(const Request& request, const platform::Message& message) {
  const std::vector<platform::Descriptor>& all = message.descriptors;
  const std::size_t wanted = 4U + request.has_directory + request.has_output + request.has_errors;
  if (all.size() != wanted) return std::nullopt;
  std::size_t used = 0;
  const auto next = [&](bool is_there = true) { return is_there ? all[used++].get() : -1; };
  Given given;
  given.descriptors.role = request.role;
  given.descriptors.report = next();
  given.descriptors.input = next();
  given.descriptors.owner = next();
  given.descriptors.descriptor_channel = next();
  given.directory = next(request.has_directory != 0);
  given.descriptors.output = next(request.has_output != 0);
  given.descriptors.errors = next(request.has_errors != 0);
  return given;
}

}  // namespace

void Server::add_connection(platform::Descriptor socket) {
  connections_.emplace(++last_id_, Connection{std::move(socket), Origin::owner, {}});
}

// Half of the table is the owner's, whatever workers ask for.
void Server::open_server_socket() {
  server_socket_ = platform::make_socket_pair();
  constexpr std::size_t most = 65536;
  server_socket_share_ = std::min(platform::descriptor_limit(), most) / 2;
}

void Server::run() {
  while (!finished()) {
    kill_overdue();
    fill_watched();
    const int ready = platform::system_calls().poll(
        watched_.data(), static_cast<nfds_t>(watched_.size()), timeout_ms());
    if (ready < 0 && errno != EINTR) throw SystemError("poll", "serving", errno);
    if (ready <= 0) continue;
    const std::vector<pollfd> seen = watched_;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].revents != 0)
        dispatch_guarded(sources_[i].first, sources_[i].second, seen[i].revents);
    }
  }
}

bool Server::finished() {
  if (control_ || !connections_.empty()) return false;
  if (!give_up_) give_up_ = Clock::now() + time_to_die;
  return children_.empty() || Clock::now() >= *give_up_;
}

int Server::timeout_ms() const {
  std::optional<Clock::time_point> next = give_up_;
  for (const auto& [pid, child] : children_) {
    for (const auto& time : {child.again, child.kill_at}) {
      if (time && (!next || *time < *next)) next = time;
    }
  }
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::max<decltype(left)>(0, left));
}

void Server::watch(Source source, Id id, int descriptor, short events) {
  watched_.push_back({descriptor, events, 0});
  sources_.emplace_back(source, id);
}

void Server::fill_watched() {
  watched_.clear();
  sources_.clear();
  if (owner_) watch(Source::owner, 0, owner_.get(), POLLIN);
  // Children before connections: a status is in the queue before the end of its connection is seen.
  const Clock::time_point now = Clock::now();
  for (auto& [pid, child] : children_) {
    if (child.again && *child.again > now) continue;
    child.again.reset();
    watch(Source::child, pid, child.pidfd->get(), POLLIN);
  }
  if (control_) watch(Source::control, 0, control_.get(), POLLIN);
  if (server_socket_.ours)
    watch(Source::server_socket, 0, server_socket_.ours.get(), POLLIN | POLLRDHUP);
  for (const auto& [id, connection] : connections_) {
    const std::size_t waiting = connection.queue.size();
    const int events = (waiting < longest_queue ? POLLIN : 0) | (waiting > 0 ? POLLOUT : 0);
    watch(Source::connection, id, connection.socket.get(), static_cast<short>(events));
  }
}

void Server::dispatch_guarded(Source source, Id id, short events) noexcept try {
  dispatch(source, id, events);
} catch (const std::exception&) {
  // For want of memory or descriptors: a message at the control socket or the server socket is
  // gone.
  if (source == Source::connection) close_connection(id);
}

void Server::dispatch(Source source, Id id, short events) {
  switch (source) {
    case Source::owner:
      return end();
    case Source::control:
      return serve_control();
    case Source::server_socket:
      return serve_server_socket(events);
    case Source::connection:
      return serve_connection(id, events);
    case Source::child:
      return reap_child(static_cast<pid_t>(id));
  }
}

void Server::serve_control() {
  if (!control_) return;  // ended in this round
  Incoming incoming = receive_request(control_.get());
  if (incoming.state == Incoming::State::ended) return control_.reset();
  accept(std::move(incoming), Origin::owner);
}

// What a worker says there cannot end the server, nor keep it alive. Any worker can shut the server
// socket (shutdown(2)): those that are made from then on get another.
void Server::serve_server_socket(short events) {
  if (!server_socket_.ours) return;  // ended in this round
  Incoming incoming = receive_request(server_socket_.ours.get());
  const bool shut = (events & (POLLRDHUP | POLLHUP)) != 0;
  if (shut && incoming.state == Incoming::State::ended) return open_server_socket();
  accept(std::move(incoming), Origin::server_socket);
}

// A connection that found no room here was closed by the kernel: its client sees that.
void Server::accept(Incoming&& incoming, Origin origin) {
  std::vector<platform::Descriptor>& given = incoming.message.descriptors;
  if (incoming.state != Incoming::State::request ||
      incoming.request.kind != Request::Kind::connect || given.size() != 1 ||
      !is_connection(given.front().get()))
    return;
  if (origin == Origin::server_socket && !server_socket_may_take(1)) return;
  connections_.emplace(++last_id_, Connection{std::move(given.front()), origin, {}});
}

bool Server::server_socket_may_take(std::size_t more) const {
  const auto from_server_socket = [this](Id id) {
    const auto connection = connections_.find(id);
    return connection != connections_.end() && connection->second.origin == Origin::server_socket;
  };
  std::size_t held = more;
  for (const auto& [id, connection] : connections_)
    held += connection.origin == Origin::server_socket;
  for (const auto& [pid, child] : children_) held += from_server_socket(child.connection) ? 2 : 0;
  return held <= server_socket_share_;
}

void Server::serve_connection(Id id, short events) {
  const auto entry = connections_.find(id);
  if (entry == connections_.end()) return;
  bool open = true;
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && entry->second.queue.size() < longest_queue) {
    open = take_request(id, entry->second);
  } else if ((events & (POLLHUP | POLLERR)) != 0) {
    open = false;
  }
  if (!open) return close_connection(id);
  flush_or_close(id);
}

Server::Outgoing Server::refusal(std::uint32_t sequence, const SystemError& failure) {
  Outgoing message;
  message.reply.kind = Reply::Kind::refused;
  message.reply.sequence = sequence;
  message.reply.error = failure.code().value();
  put_text(message.reply.call, failure.call().c_str());
  return message;
}

bool Server::take_request(Id id, Connection& connection) {
  Incoming incoming = receive_request(connection.socket.get());
  if (incoming.state != Incoming::State::request) return false;
  if (connection.origin == Origin::owner)  // to be trusted: closing what it sends never waits
    for (platform::Descriptor& descriptor : incoming.message.descriptors) descriptor.set_trusted();
  const Request& request = incoming.request;
  switch (request.kind) {
    case Request::Kind::abandon:
      abandon(id, request.sequence);
      return true;
    case Request::Kind::signal:
      signal_child(id, request);
      return true;
    case Request::Kind::start:
      break;
    default:
      return false;
  }
  try {
    start_worker(id, request, incoming.message);
  } catch (const SystemError& failure) {
    connection.queue.push_back(refusal(request.sequence, failure));
  }
  return true;
}

// Of the descriptors the server itself uses none: what they are is the new process's to find out.
void Server::start_worker(Id id, const Request& request, const platform::Message& message) {
  const bool from_server_socket = connections_.at(id).origin == Origin::server_socket;
  const std::optional<Given> given = given_for(request, message);
  // A pidfd, and the start gate until the reply has been sent.
  if (!given || (from_server_socket && !server_socket_may_take(2)))
    throw SystemError("recvmsg", "starting a worker", EMFILE);
  platform::Pipe start_gate = platform::make_pipe();
  const pid_t pid = platform::fork_process();
  if (pid == 0)
    become_worker(request.name, given->descriptors, given->directory, start_gate.read.get(),
                  server_socket_.theirs.get());
  Child child{nullptr, id, request.sequence, std::nullopt, std::nullopt};
  try {
    child.pidfd = std::make_shared<platform::Descriptor>(platform::open_pidfd(pid));
  } catch (...) {
    discard_child(pid);
    throw;
  }
  Outgoing started;
  started.reply.kind = Reply::Kind::started;
  started.reply.sequence = request.sequence;
  started.reply.pid = pid;
  started.pidfd = child.pidfd;
  started.start_gate = std::move(start_gate.write);
  children_.emplace(pid, std::move(child));
  connections_.at(id).queue.push_back(std::move(started));
}

void Server::abandon(Id id, std::uint32_t sequence) {
  for (auto& [pid, child] : children_) {
    if (child.connection != id || child.sequence != sequence) continue;
    child.connection = 0;
    platform::signal_child(*child.pidfd, pid, SIGKILL);
  }
}

// Where its owner cannot send signals itself.
void Server::signal_child(Id id, const Request& request) {
  const auto child = children_.find(request.pid);
  if (child == children_.end() || child->second.connection != id) return;
  platform::signal_child(*child->second.pidfd, request.pid, request.number);
}

// One that another process traces is that one's to reap first: until then it stays readable.
void Server::reap_child(pid_t pid) {
  const auto entry = children_.find(pid);
  if (entry == children_.end()) return;
  const std::optional<platform::Ended> ended = platform::reap(pid);
  if (!ended) {
    entry->second.again = Clock::now() + time_to_be_released;
    return;
  }
  const Id id = entry->second.connection;
  const auto connection = connections_.find(id);
  children_.erase(entry);
  if (connection == connections_.end()) return;
  Outgoing notice;
  notice.reply.kind = Reply::Kind::exited;
  notice.reply.pid = pid;
  notice.reply.end = *ended;
  connection->second.queue.push_back(std::move(notice));
  flush_or_close(id);
}

platform::SendState Server::send(int socket, Outgoing& message) {
  if (!message.pidfd) return platform::try_send_message(socket, bytes_of(message.reply));
  try {
    const int pidfd = message.pidfd->get();
    return platform::try_send_message(socket, bytes_of(message.reply), {&pidfd, 1});
  } catch (const SystemError& failure) {
    // unix(7), ETOOMANYREFS: the pidfd cannot be sent. A worker that its owner cannot watch must
    // not be.
    platform::signal_child(*message.pidfd, message.reply.pid, SIGKILL);
    message = refusal(message.reply.sequence, failure);
    return platform::try_send_message(socket, bytes_of(message.reply));
  }
}

bool Server::flush(Connection& connection) {
  while (!connection.queue.empty()) {
    Outgoing& next = connection.queue.front();
    const platform::SendState state = send(connection.socket.get(), next);
    if (state == platform::SendState::would_block) return true;
    if (state == platform::SendState::gone) return false;
    constexpr std::byte go{1};
    if (next.start_gate) platform::write_all(next.start_gate.get(), {&go, 1});
    connection.queue.pop_front();
  }
  return true;
}

void Server::flush_or_close(Id id) {
  bool open = false;
  try {
    open = flush(connections_.at(id));
  } catch (const SystemError&) {
    // As the peer has left its socket, nothing can be sent over it.
  }
  if (!open) close_connection(id);
}

void Server::close_connection(Id id) {
  connections_.erase(id);
  for (auto& [pid, child] : children_) {
    if (child.connection == id) orphan(child);
  }
}

// Each watches for the end of its owner and leaves at once, or when the element that it runs has
// had its time to stop. This is for one that cannot.
void Server::orphan(Child& child) {
  child.connection = 0;
  if (!child.kill_at) child.kill_at = Clock::now() + time_to_leave;
}

void Server::kill_overdue() {
  const Clock::time_point now = Clock::now();
  for (auto& [pid, child] : children_) {
    if (!child.kill_at || *child.kill_at > now) continue;
    child.kill_at.reset();
    platform::signal_child(*child.pidfd, pid, SIGKILL);
  }
}

void Server::end() noexcept {
  owner_.reset();
  control_.reset();
  server_socket_ = {};
  connections_.clear();
  for (auto& [pid, child] : children_) orphan(child);
}

}  // namespace brood::start

#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <poll.h>

#include "platform/pipe.hpp"
#include "platform/socket.hpp"
#include "start/method.hpp"
#include "start/server_messages.hpp"
#include "start/server_requests.hpp"

namespace brood::start {

/// Body of the snapshot process of a fork pool: `connection` is its pool's, `owner` a pidfd. Ends
/// the process.
[[noreturn]] void snapshot_main(int connection, int owner) noexcept;

/// The loop of a process that forks workers for others. README.md has its states and messages.
class Server {
 public:
  explicit Server(platform::Descriptor owner) : owner_(std::move(owner)) {}
  void set_control(platform::Descriptor socket) { control_ = std::move(socket); }
  void add_connection(platform::Descriptor socket);
  /// Gives the workers to come a way to connect: see README.md. Throws SystemError.
  void open_server_socket();
  /// Until there is no connection left to serve.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Outgoing {
    Reply reply;
    std::shared_ptr<platform::Descriptor> pidfd;  // started
    platform::Descriptor start_gate;              // started: a byte here lets the child go
  };
  enum class Origin : bool { owner, server_socket };
  struct Connection {
    platform::Descriptor socket;
    Origin origin;
    std::deque<Outgoing> queue;
  };
  using Id = std::int64_t;  // of a connection, or a child's pid
  struct Child {
    std::shared_ptr<platform::Descriptor> pidfd;
    Id connection;  // 0: no connection wants to know how it ended
    std::uint32_t sequence;
    std::optional<Clock::time_point> again;    // it has ended and cannot be reaped yet: when to try
    std::optional<Clock::time_point> kill_at;  // its owner is gone
  };
  enum class Source : unsigned char { owner, control, server_socket, connection, child };

  bool finished();
  int timeout_ms() const;
  void watch(Source source, Id id, int descriptor, short events);
  void fill_watched();
  void dispatch(Source source, Id id, short events);
  /// Whatever goes wrong for one connection ends that one.
  void dispatch_guarded(Source source, Id id, short events) noexcept;
  void serve_control();
  void serve_server_socket(short events);
  void accept(Incoming&& incoming, Origin origin);
  /// Whether what came over the server socket may hold so many more descriptors here.
  bool server_socket_may_take(std::size_t more) const;
  void serve_connection(Id id, short events);
  /// False when the connection is to be closed.
  bool take_request(Id id, Connection& connection);
  void start_worker(Id id, const Request& request, const platform::Message& message);
  void abandon(Id id, std::uint32_t sequence);
  void signal_child(Id id, const Request& request);
  void reap_child(pid_t pid);
  /// Sends what the socket has room for; false when its other end is closed.
  bool flush(Connection& connection);
  void flush_or_close(Id id);
  static platform::SendState send(int socket, Outgoing& message);
  static Outgoing refusal(std::uint32_t sequence, const SystemError& failure);
  void close_connection(Id id);
  static void orphan(Child& child);
  void kill_overdue();
  void end() noexcept;

  platform::Descriptor owner_, control_;
  platform::SocketPair server_socket_;  // theirs is every worker's
  // Descriptors that what came over the server socket may hold.
  std::size_t server_socket_share_ = 0;
  std::map<Id, Connection> connections_;
  std::map<pid_t, Child> children_;
  Id last_id_ = 0;
  std::vector<pollfd> watched_;
  std::vector<std::pair<Source, Id>> sources_;
  // Set once no connection is left: children have been killed.
  std::optional<Clock::time_point> give_up_;
};

}  // namespace brood::start

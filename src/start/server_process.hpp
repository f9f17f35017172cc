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
  void open_door() { door_ = platform::make_socket_pair(); }
  /// Until there is nobody left to serve.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Outgoing {
    Reply reply;
    std::shared_ptr<platform::Descriptor> pidfd;  // started
    platform::Descriptor gate;                    // started: a byte here lets the child go
  };
  struct Connection {
    platform::Descriptor socket;
    std::deque<Outgoing> queue;
  };
  struct Child {
    std::shared_ptr<platform::Descriptor> pidfd;
    int connection;  // 0: nobody wants to know how it ended
    std::uint32_t sequence;
  };
  enum class Source : unsigned char { owner, control, door, connection, child };

  bool finished();
  int timeout_ms() const;
  void watch(Source source, int id, int descriptor, short events);
  void fill_watched();
  void dispatch(Source source, int id, short events);
  void serve_control();
  void serve_door();
  void accept(platform::Message&& message, const Request& request);
  void serve_connection(int id, short events);
  /// False when the connection is to be closed.
  bool take_request(int id, Connection& connection);
  void start_worker(int id, const Request& request, const platform::Message& message);
  void abandon(int id, std::uint32_t sequence);
  void reap_child(int pid);
  /// Sends what the socket has room for; false when nobody is at its other end.
  bool flush(Connection& connection);
  static platform::SendState send(int socket, Outgoing& message);
  static Outgoing refusal(std::uint32_t sequence, const SystemError& failure);
  void close_connection(int id);
  void end() noexcept;

  platform::Descriptor owner_, control_;
  platform::SocketPair door_;  // theirs is every worker's
  std::map<int, Connection> connections_;
  std::map<int, Child> children_;  // by pid
  int last_id_ = 0;
  std::vector<pollfd> watched_;
  std::vector<std::pair<Source, int>> sources_;
  std::optional<Clock::time_point> give_up_;  // set once nobody is left: children have been killed
};

}  // namespace brood::start

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pool/pool_fixture.hpp"
#include "start/entry.hpp"
#include "start/server_messages.hpp"
#include "support/raw_message.hpp"

// A worker of a fork server may write whatever it likes to the server's server socket.
namespace brood::testing::server_socket_test {
namespace {

using start::Request;
using Kind = start::Request::Kind;
using Numbers = std::vector<int>;

// --- in the worker ---

/// Waits a moment for room: a server that is not read does not read either.
bool send_soon(int socket, const void* bytes, std::size_t size, const Numbers& descriptors = {}) {
  pollfd room{socket, POLLOUT, 0};
  ::poll(&room, 1, 200);
  return send_raw(socket, bytes, size, descriptors);
}

bool send_request(int socket, const Request& request, const Numbers& descriptors = {}) {
  return send_soon(socket, &request, sizeof request, descriptors);
}

// Where the fork server of a process with few descriptors puts it, too.
const int server_socket = platform::has_high_numbers() ? start::server_socket_descriptor
                                                       : start::low_server_socket_descriptor;
const Request connect_request{.kind = Kind::connect};

bool connect_with(const Numbers& descriptors) {
  return send_request(server_socket, connect_request, descriptors);
}

int null_device() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }

std::pair<int, int> socket_pair(int type) {
  int ends[2] = {-1, -1};
  ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
  return {ends[0], ends[1]};
}

int listener() {
  const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  ::sockaddr address{};
  address.sa_family = AF_UNIX;  // autobind: unix(7)
  ::bind(socket, &address, sizeof(sa_family_t));
  ::listen(socket, 4);
  return socket;
}

/// A connection of this worker's own.
int connection() {
  const auto [ours, theirs] = socket_pair(SOCK_SEQPACKET);
  connect_with({theirs});
  ::close(theirs);
  return ours;
}

void connect_with_files() {
  connect_with({null_device()});
  connect_with({::eventfd(0, 0)});
  int ends[2];
  if (::pipe(ends) == 0) connect_with({ends[0]}), connect_with({ends[1]});
  connect_with({::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)});
  connect_with({::open("/", O_PATH | O_CLOEXEC)});
}
void connect_with_other_sockets() {
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    const auto [one, other] = socket_pair(type);
    connect_with({one});
    send_soon(other, "nonsense", 8);
  }
  connect_with({::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)});
  connect_with({::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)});
  connect_with({listener()});
}
void connect_with_none_or_several() {
  connect_with({});
  const auto [one, other] = socket_pair(SOCK_SEQPACKET);
  connect_with({one, other});
  connect_with(Numbers(16, one));
  connect_with(Numbers(64, one));
}
/// The server would be its own client.
void connect_with_the_server_socket() {
  connect_with({server_socket});
  const auto [one, other] = socket_pair(SOCK_SEQPACKET);
  connect_with({one});
  connect_with({one});
  connect_with({other});
  connect_with({other});
}
void write_too_much() {
  for (const std::size_t size : {65'536U, 65'537U, 150'000U}) {
    const std::vector<char> bytes(size, 'x');
    send_soon(server_socket, bytes.data(), bytes.size());
    const int mine = connection();
    send_soon(mine, bytes.data(), bytes.size());
  }
}
void write_nothing() {
  const int file = null_device();
  for (int i = 0; i < 3000; ++i) send_soon(server_socket, "", 0, Numbers(8, file));
}
void write_garbage() {
  std::vector<unsigned char> bytes(2 * sizeof(Request));
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(size * 37 + byte * 13 + 5);
    send_soon(server_socket, bytes.data(), size);
    send_soon(connection(), bytes.data(), size);
  }
}
void write_values_outside_their_enums() {
  for (const std::uint32_t value : {1U, 2U, 5U, 255U, 0x7fffffffU, 0xffffffffU}) {
    Request kind = connect_request, role{.kind = Kind::start}, directory = role, name = role;
    kind.kind = static_cast<Kind>(value);
    role.role = static_cast<start::Role>(value);
    directory.has_directory = directory.has_output = value;
    std::memset(name.name, 'x', sizeof name.name);
    for (const Request& request : {kind, role, directory, name}) {
      send_request(server_socket, request);
      const int file = null_device();
      send_request(connection(), request, Numbers(6, file));
      ::close(file);
    }
  }
}
void start_with_files() {
  const int file = null_device(), mine = connection();
  Request request{.kind = Kind::start, .sequence = 1, .has_directory = 1, .has_output = 1};
  for (; request.sequence < 5; ++request.sequence) send_request(mine, request, Numbers(6, file));
  request.sequence = 2;
  request.kind = Kind::abandon;
  send_request(mine, request);
}
void signal_others() {
  const int mine = connection();
  Request request{.kind = Kind::signal, .number = SIGKILL};
  for (const int pid : {0, 1, -1, static_cast<int>(::getppid())}) {
    request.pid = pid;
    send_request(mine, request);
  }
  for (const int sibling : children_of(std::to_string(::getppid()))) {
    request.pid = sibling;
    if (sibling != ::getpid()) send_request(mine, request);
  }
}
/// Held for as long as the worker lives.
void connect_for_ever() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 0; i < 1000; ++i) static_cast<void>(connection());
}
/// More children than the server has descriptors for; they wait for a task.
void start_for_ever() {
  Request request{.kind = Kind::start};
  int tasks[2] = {-1, -1};
  if (::pipe(tasks) != 0) return;
  const Numbers given{tasks[0], null_device(), server_socket - 2, null_device()};
  const int mine = connection();
  for (int i = 0; i < 150; ++i, ++request.sequence) send_request(mine, request, given);
}

void shut_for_writing() { ::shutdown(server_socket, SHUT_WR); }
void shut_wholly() { ::shutdown(server_socket, SHUT_RDWR); }

const std::map<std::string, void (*)()> attacks{
    {"connect_with_files", connect_with_files},
    {"connect_with_other_sockets", connect_with_other_sockets},
    {"connect_with_none_or_several", connect_with_none_or_several},
    {"connect_with_the_server_socket", connect_with_the_server_socket},
    {"write_too_much", write_too_much},
    {"write_nothing", write_nothing},
    {"write_garbage", write_garbage},
    {"write_values_outside_their_enums", write_values_outside_their_enums},
    {"start_with_files", start_with_files},
    {"signal_others", signal_others},
    {"connect_for_ever", connect_for_ever},
    {"start_for_ever", start_for_ever},
    {"shut_for_writing", shut_for_writing},
    {"shut_wholly", shut_wholly},
};

int attack(const std::string& name) {
  attacks.at(name)();
  return ::getppid();
}

// --- in the owner ---

/// With a server of few descriptors.
class ServerSocket : public PoolCheck, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit few{128, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    PoolCheck::SetUp();
  }
  void TearDown() override {
    PoolCheck::TearDown();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
};
INSTANTIATE_TEST_SUITE_P(Attack, ServerSocket, ::testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& [name, function] : attacks) names.push_back(name);
                           return names;
                         }()),
                         [](const auto& parameter) { return parameter.param; });

int parent_here() { return ::getppid(); }

/// Each task has a process, which the server forks.
int server_of_the_next(Pool& pool) { return pool.apply(parent_here); }

TEST_P(ServerSocket, attacked_stays_open_for_everybody) {
  PoolOptions fresh{.workers = 2, .start_method = "forkserver", .max_tasks_per_worker = 1};
  Pool innocent(fresh), attacked({.workers = 1, .start_method = "forkserver"});
  const int server = server_of_the_next(innocent);
  const Watched standing(innocent.workers().at(0).pid);
  EXPECT_EQ(attacked.apply(attack, GetParam()), server);
  // While the attacker lives and holds what it has made.
  for (int i = 0; i < 6; ++i) EXPECT_EQ(server_of_the_next(innocent), server);
  EXPECT_EQ(attacked.apply(parent_here), server);
  EXPECT_EQ(Pool(fresh).apply(parent_here), server);
}

int inner_parent() {
  Pool inner({.workers = 1, .start_method = "forkserver"});
  return inner.apply(parent_here);
}

class ShutServerSocket : public ServerSocket {};
INSTANTIATE_TEST_SUITE_P(Attack, ShutServerSocket,
                         ::testing::Values("shut_for_writing", "shut_wholly"),
                         [](const auto& parameter) { return parameter.param; });

// The server has another one then, and does not look at the old one for ever.
TEST_P(ShutServerSocket, is_another_one_for_workers_that_come_later) {
  Pool pool({.workers = 1, .start_method = "forkserver", .max_tasks_per_worker = 1});
  const int server = server_of_the_next(pool);
  EXPECT_EQ(pool.apply(attack, GetParam()), server);
  EXPECT_EQ(server_of_the_next(pool), server);
  EXPECT_EQ(pool.apply(inner_parent), server);
}

TEST_P(ServerSocket, attacked_lets_pools_of_other_workers_start) {
  Pool innocent({.workers = 1, .start_method = "forkserver"});
  Pool attacked({.workers = 1, .start_method = "forkserver"});
  attacked.apply(attack, GetParam());
  expect_orphans();  // where the server socket is full a worker launches a server of its own
  EXPECT_GT(innocent.apply(inner_parent), 0);
  EXPECT_GT(innocent.apply(inner_parent), 0);
}

}  // namespace
}  // namespace brood::testing::server_socket_test

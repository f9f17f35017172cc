#include <poll.h>

#include <array>
#include <csignal>
#include <memory>

#include "manager/remote/frame.hpp"
#include "manager/remote/tls.hpp"
#include "manager/tcp_fixture.hpp"
#include "platform/poll.hpp"
#include "platform/tcp.hpp"

// A program that has the key and does not keep to the protocol.
namespace brood::testing::hostile_peers_test {
namespace {

class HostilePeer {
 public:
  HostilePeer(const Manager& manager, const std::string& key)
      : context_(platform::SecretBytes(std::as_bytes(std::span(key))), manager::TlsRole::client),
        address_(manager.address()),
        session_(connect()) {
    say(*session_, manager::FrameKind::session, {.session = number_});
  }
  std::unique_ptr<manager::TlsStream> open_channel() const {
    auto stream = connect();
    say(*stream, manager::FrameKind::channel, {.session = number_, .process = 7});
    return stream;
  }
  manager::TlsStream& session() { return *session_; }
  static bool says_no_more(manager::TlsStream& stream) {
    std::byte one{};
    while (stream.receive({&one, 1})) {
    }
    return true;
  }

 private:
  std::unique_ptr<manager::TlsStream> connect() const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    return std::make_unique<manager::TlsStream>(context_, platform::connect_to(address_, deadline),
                                                deadline);
  }
  static void say(manager::TlsStream& stream, manager::FrameKind kind, manager::Hello hello) {
    manager::send_frame(stream, kind, std::as_bytes(std::span(&hello, 1)));
  }
  const manager::TlsContext context_;
  const std::string address_;
  static constexpr std::uint64_t number_ = 4711;
  std::unique_ptr<manager::TlsStream> session_;
};

struct FrameStart {
  manager::FrameKind kind = manager::FrameKind::envelope;
  std::uint32_t tokens = 0;
  std::uint64_t size = 0;
};

class HostilePeers : public TcpTest {
 protected:
  brood::ManagerOptions with(ManagerQuotas quotas) const {
    brood::ManagerOptions options = listening();
    options.quotas = quotas;
    return options;
  }
  void SetUp() override {
    TcpTest::SetUp();
    ::signal(SIGPIPE, SIG_IGN);
  }
  void TearDown() override {
    ::signal(SIGPIPE, SIG_DFL);
    TcpTest::TearDown();
  }
};
BROOD_FOR_EVERY_METHOD(HostilePeers);

TEST_P(HostilePeers, memory_grows_with_what_arrives_and_not_with_what_is_claimed) {
  const Manager manager(with({.bytes = 512 << 20}));
  HostilePeer peer(manager, right_key);
  const std::size_t before = resident_of(manager.pid());
  std::vector<std::unique_ptr<manager::TlsStream>> channels;
  for (const std::uint64_t claimed :
       {std::uint64_t{512} << 20, std::uint64_t{512} << 30, ~std::uint64_t{0}}) {
    channels.push_back(peer.open_channel());
    const FrameStart start{.size = claimed};
    ASSERT_TRUE(channels.back()->send(std::as_bytes(std::span(&start, 1))));
  }
  // What could never fit ends the connection, the other waits for the rest.
  EXPECT_TRUE(HostilePeer::says_no_more(*channels[1]));
  EXPECT_TRUE(HostilePeer::says_no_more(*channels[2]));
  EXPECT_LT(resident_of(manager.pid()), before + (16 << 20));
  manager.list<int>().push_back(1);
}

// A gateway says "read" where a client opens a channel and is slow to send its first request.
TEST_P(HostilePeers, are_refused_a_channel_when_they_call_and_not_before) {
  const Manager manager(with({.connections = 1}));
  HostilePeer peer(manager, right_key);
  ASSERT_TRUE(manager::receive_frame(peer.session(), 1 << 20));  // it is known to the server
  const auto one = peer.open_channel(), other = peer.open_channel();
  const auto any = [&](const platform::Deadline& deadline) {
    std::array<pollfd, 2> watched{pollfd{one->socket(), POLLIN, 0},
                                  pollfd{other->socket(), POLLIN, 0}};
    return platform::poll_until(watched, deadline) != 0;
  };
  for (const auto* channel : {&one, &other})
    ASSERT_TRUE(manager::send_frame(**channel, manager::FrameKind::read));
  EXPECT_FALSE(any(std::chrono::steady_clock::now() + 300ms)) << "an answer before a request";
  const std::byte request{};
  int refused = 0;
  for (const auto* channel : {&one, &other}) {
    if (!manager::send_frame(**channel, manager::FrameKind::envelope, {&request, 1})) continue;
    const auto answer = manager::receive_frame(**channel, 1 << 20);
    refused += answer && answer->kind == manager::FrameKind::refused ? 1 : 0;
  }
  EXPECT_EQ(refused, 1);
}

TEST_P(HostilePeers, garbage_ends_its_connection_only) {
  const auto client = remote([](const Manager& far, Connection&) { far.list<int>().push_back(1); });
  const Manager manager(with({.bytes = 1 << 20}));
  HostilePeer peer(manager, right_key);
  const auto send_to_channel = [&](const FrameStart& start) {
    const auto stream = peer.open_channel();
    ASSERT_TRUE(stream->send(std::as_bytes(std::span(&start, 1))));
    EXPECT_TRUE(HostilePeer::says_no_more(*stream));
  };
  send_to_channel({.kind = manager::FrameKind::drop});
  send_to_channel({.kind = manager::FrameKind::session});
  send_to_channel({.kind = static_cast<manager::FrameKind>(77)});
  send_to_channel({.tokens = ~std::uint32_t{0}});
  const std::string garbage(100'000, '\x7f');
  peer.session().send(std::as_bytes(std::span(garbage)));
  EXPECT_TRUE(HostilePeer::says_no_more(peer.session()));
  client->connect(manager.address());
  EXPECT_EQ(client->end(), "");
}

}  // namespace
}  // namespace brood::testing::hostile_peers_test

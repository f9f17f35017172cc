#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <future>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <brood/detail/codec/descriptor_ref.hpp>
#include "manager/manager_fixture.hpp"
#include "manager/messages.hpp"
#include "platform/socket.hpp"
#include "shared/children.hpp"
#include "shared/envelope.hpp"
#include "support/raw_message.hpp"
#include "transfer/shared_descriptor.hpp"

// A client that does not keep to the protocol: it has a proxy, and says what it likes.
namespace brood::testing {

template <class Managed>
detail::DescriptorRef lease_of(const Managed& object) {
  detail::Bytes bytes;
  detail::encode_value(bytes, object);
  return bytes.attached().front();
}

template <class Managed>
detail::ManagedRef ref_of(const Managed& object) {
  detail::Bytes bytes;
  detail::encode_value(bytes, object);
  Reader source(bytes.view());
  return detail::decode_value<detail::ManagedRef>(source);
}

inline bool say_nothing(int socket, std::span<const int> descriptors = {}) {
  return send_raw(socket, "", 0, descriptors, 0);
}

/// Asks the server to serve what comes from the other end of `theirs`.
inline bool ask_to_connect(int lease, int theirs, std::uint64_t process) {
  manager::ConnectMessage message;
  message.process = process;
  return send_raw(lease, &message, sizeof message, {&theirs, 1}, 0);
}

/// A connection of its own to the server.
struct RawChannel {
  /// `server_flags`: of the server's end, as for fcntl(2), F_SETFL.
  explicit RawChannel(int lease, std::uint64_t process = 77, int server_flags = 0) {
    platform::SocketPair pair = platform::make_socket_pair();
    ::fcntl(pair.theirs.get(), F_SETFL, server_flags);
    socket = std::move(pair.ours);
    is_asked = ask_to_connect(lease, pair.theirs.get(), process);
  }
  bool send(const detail::Bytes& request) const {
    return shared::send_envelope(socket.get(), request.view(), request.attached());
  }
  /// What came back: what the server threw, "" for a value, "end" when it has closed.
  std::string answer() const {
    if (!shared::wait_readable(socket.get(), std::chrono::steady_clock::now() + patience))
      return "no answer";
    std::optional<detail::Envelope> envelope = shared::receive_envelope(socket.get());
    if (!envelope) return "end";
    Reader source(envelope->view());
    manager::Status status{};
    source.read(&status, sizeof status);
    if (status == manager::Status::value) return "";
    static_cast<void>(detail::decode_value<std::string>(source));
    return "error";
  }
  std::string ask(const detail::Bytes& request) const { return send(request) ? answer() : "end"; }

  platform::Descriptor socket;
  bool is_asked = false;
};

/// The bytes of an honest request, up to its arguments.
inline detail::Bytes request_of(std::uint64_t object, std::uint64_t thread,
                                detail::ServedStub stub) {
  const manager::RequestHeader header{object, thread};
  detail::Bytes request;
  request.append(&header, sizeof header);
  detail::put_code(request, reinterpret_cast<const void*>(stub));
  return request;
}

/// With a manager and one object in it.
class HostileClient : public OneManager {
 protected:
  void SetUp() override {
    OneManager::SetUp();
    numbers = manager->list<int>();
    numbers.push_back(7);
  }
  void TearDown() override {
    numbers = {};
    OneManager::TearDown();
  }
  /// An innocent client finds all as it was, in time: over its old connection, over a new one, and
  /// in another process.
  void expect_unharmed() {
    EXPECT_EQ(numbers.at(0), 7);
    EXPECT_EQ(std::async(std::launch::async, [&] { return numbers.at(0); }).get(), 7);
    EXPECT_EQ(Child([&] { return numbers.at(0) == 7 ? 0 : 1; }).wait(), 0);
    EXPECT_EQ(manager->list<int>().size(), 0U);
  }
  std::size_t threads_of_server() const {
    return names_in("/proc/" + std::to_string(manager->pid()) + "/task").size();
  }
  std::size_t descriptors_of_server() const {
    return names_in("/proc/" + std::to_string(manager->pid()) + "/fd").size();
  }
  template <class Look>
  static bool comes_to(std::size_t most, Look look) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (look() > most) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  ManagedList<int> numbers;
};

}  // namespace brood::testing

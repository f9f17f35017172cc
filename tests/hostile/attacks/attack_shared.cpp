#include "hostile/attacks/attack_shared.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_message.hpp"
#include "manager/messages.hpp"
#include "support/leak_check.hpp"
#include "support/worker_channel.hpp"

namespace brood::hostile {

namespace {

/// Sockets that came with a task's arguments: leases, connections to the server.
std::vector<int> given_sockets() {
  std::vector<int> found;
  for (const int number : testing::descriptors_of("self")) {
    int domain = 0;
    socklen_t size = sizeof domain;
    if ((number < testing::wake_up_socket || number > testing::server_socket) &&
        ::getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX)
      found.push_back(number);
  }
  return found;
}

std::string connect_message(Dice& dice) {
  const manager::ConnectMessage message{.process = dice.any()};
  return std::string(reinterpret_cast<const char*>(&message), sizeof message);
}

}  // namespace

void lease_garbage(Foe& foe) {
  for (const int lease : given_sockets()) {
    if (foe.dice.percent(50)) send(lease, "");
    if (foe.dice.percent(50)) send(lease, foe.dice.bytes(foe.dice.magnitude(300)));
    if (foe.dice.percent(20)) send(lease, foe.dice.bytes(65'000 + foe.dice.up_to(100'000)));
  }
}

void lease_wrong_kind(Foe& foe) {
  const Thing thing(foe.dice);
  for (const int lease : given_sockets())
    send(lease, connect_message(foe.dice), thing.number(), foe.dice.magnitude(most_descriptors));
}

// Connections over which nothing follows that a client of ours would say.
void lease_strangers(Foe& foe) {
  for (const int lease : given_sockets()) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
    send(lease, connect_message(foe.dice), ends[1], 1);
    ::close(ends[1]);
    const manager::RequestHeader header{foe.dice.near(1), foe.dice.any()};
    const std::string start(reinterpret_cast<const char*>(&header), sizeof header);
    if (foe.dice.percent(70)) send(ends[0], start + foe.dice.bytes(foe.dice.magnitude(300)));
    if (foe.dice.percent(50)) send(ends[0], foe.dice.bytes(foe.dice.magnitude(300)));
    ::close(ends[0]);
  }
}

void lease_shut_down(Foe&) {
  for (const int lease : given_sockets()) ::shutdown(lease, SHUT_RDWR);
}

Estate::Estate(const std::string& method)
    : manager_({.start_method = method}), value_(manager_.value<std::uint64_t>(right_value)) {}

void Estate::check(Referee& referee) {
  try {
    if (value_.get() != right_value) referee.complain("a managed value has changed");
    if (manager_.value<std::uint64_t>(7).get() != 7) referee.complain("a new one is wrong");
  } catch (const std::exception& error) {
    referee.complain(std::string("the manager does not work afterwards: ") + error.what());
  }
  // What sharers write there is theirs to write; that it can be read is what counts.
  const volatile std::uint64_t* const elements = array_.data();
  for (std::size_t i = 0; i < array_.size(); ++i) static_cast<void>(elements[i]);
  try {
    if (queue_.put_for(1, std::chrono::seconds(5))) queue_.get_for(std::chrono::seconds(5));
  } catch (const Error&) {  // broken, and says so
  }
}

std::uint64_t obey_with(std::uint64_t packed, const Array<std::uint64_t>& array,
                        const Queue<std::uint64_t>& queue,
                        const ManagedValue<std::uint64_t>& value) {
  if (array.size() == 0 || queue.full() || value.get() == 0) std::abort();
  return obey(packed);
}

}  // namespace brood::hostile

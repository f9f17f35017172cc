#include "transfer/descriptor_channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <brood/errors.hpp>
#include "platform/system_calls.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::transfer {
namespace {

using detail::DescriptorRef;
using detail::SharedDescriptor;
using platform::Descriptor;
using platform::max_message_descriptors;
using platform::SendState;
using platform::Taking;
using platform::Waiting;

// The two ends of the channel are the same build on the same machine: structures go as they are.
struct Entry {
  SharedDescriptor::Token token;
  SharedDescriptor::Kind kind{};
  std::uint32_t unused = 0;
};
struct Packet {
  std::uint64_t attachment_group = 0;
  std::uint64_t count = 0;
  std::array<Entry, max_message_descriptors> entries{};

  std::size_t size() const noexcept { return offsetof(Packet, entries) + count * sizeof(Entry); }
};

ReceivedDescriptors next_message(int socket, Taking taking) {
  Packet packet;
  std::optional<platform::Arrived> message =
      platform::receive_into(socket, std::as_writable_bytes(std::span(&packet, 1)), Waiting::no,
                             taking, "receiving descriptors");
  if (!message) return {};
  ReceivedDescriptors came{.received = true,
                           .attachment_group = packet.attachment_group,
                           .lost = message->descriptors_lost,
                           .descriptors = {}};
  if (packet.count != message->descriptors.size() || packet.size() != message->bytes.size())
    return came;
  try {
    for (std::size_t i = 0; i < packet.count; ++i) {
      const Entry& entry = packet.entries[i];
      came.descriptors.push_back(
          detail::receive_descriptor(std::move(message->descriptors[i]), entry.kind, entry.token));
    }
  } catch (const SystemError&) {  // no room for the number that it should have
    came.lost = true;
    came.descriptors.clear();
  } catch (const CodecError&) {  // of no kind
    came.descriptors.clear();
  }
  return came;
}

// What a socket holds by default is some 2,600: this is above that, and a bound for the readers.
constexpr std::size_t most_messages = 256;
constexpr std::size_t most_enclosed = most_messages * max_message_descriptors;

struct Found {
  bool makes_sense = true;
  bool lost = false;
  std::vector<DescriptorRef> descriptors;
};
// All messages but the last are full ones, of attachment group 0. Reads few more than there can be:
// the sender of the socket may go on filling it.
Found find_enclosed(int socket, ReceivedDescriptors (*next_of)(int)) {
  Found found;
  std::size_t messages = 0;
  for (ReceivedDescriptors next = next_of(socket); next.received; next = next_of(socket)) {
    found.makes_sense = next.attachment_group == 0 && ++messages <= most_messages;
    if (!found.makes_sense) return found;
    found.lost = found.lost || next.lost;
    std::move(next.descriptors.begin(), next.descriptors.end(),
              std::back_inserter(found.descriptors));
  }
  return found;
}

}  // namespace

SendState send_descriptors(int socket, std::uint64_t attachment_group,
                           std::span<const DescriptorRef>& descriptors) {
  while (!descriptors.empty()) {
    Packet packet{.attachment_group = attachment_group,
                  .count = std::min(descriptors.size(), max_message_descriptors),
                  .entries = {}};
    std::array<int, max_message_descriptors> numbers{};
    for (std::size_t i = 0; i < packet.count; ++i) {
      packet.entries[i] = {descriptors[i]->token(), descriptors[i]->kind(), 0};
      numbers[i] = descriptors[i]->get();
    }
    const iovec part{&packet, packet.size()};
    const SendState state =
        platform::send_parts(socket, {&part, 1}, {numbers.data(), packet.count}, Waiting::no,
                             "sending the descriptors of shared objects");
    if (state != SendState::sent) return state;
    descriptors = descriptors.subspan(packet.count);
  }
  return SendState::sent;
}

std::optional<Descriptor> enclose(std::span<const DescriptorRef> descriptors, const char* what) {
  const std::size_t count = descriptors.size();
  platform::SocketPair pair = platform::make_socket_pair();
  const bool fits = count <= most_enclosed;
  switch (fits ? send_descriptors(pair.ours.get(), 0, descriptors) : SendState::would_block) {
    case SendState::sent:
      return std::move(pair.theirs);
    case SendState::crowded:
      return std::nullopt;
    case SendState::would_block:
    case SendState::gone:
      break;
  }
  throw CodecError(CodecError::Direction::encode, "",
                   "it has more handles of shared objects than " + std::string(what) +
                       " may have (" + std::to_string(count) + ")");
}

std::vector<DescriptorRef> take_out(Descriptor enclosed) {
  Found found = find_enclosed(enclosed.get(), receive_descriptors);
  if (!found.makes_sense)
    throw CodecError(CodecError::Direction::decode, "",
                     "the handles of shared objects in it were not written by a sender of this "
                     "library");
  return std::move(found.descriptors);
}

std::optional<std::vector<DescriptorRef>> look_into(int enclosed) {
  // From its beginning: an earlier reader may have been killed halfway.
  const int beginning = 0;
  if (::setsockopt(enclosed, SOL_SOCKET, SO_PEEK_OFF, &beginning, sizeof beginning) != 0)
    throw SystemError("setsockopt", "receiving descriptors", errno);
  Found found = find_enclosed(enclosed, peek_descriptors);
  if (!found.makes_sense) return std::vector<DescriptorRef>();
  if (found.lost) return std::nullopt;
  return std::move(found.descriptors);
}

bool DescriptorChannel::send_all(std::uint64_t attachment_group,
                                 std::span<const DescriptorRef> descriptors) {
  for (;;) {
    const SendState state = send(attachment_group, descriptors);
    if (state == SendState::sent || state == SendState::gone) return state == SendState::sent;
    wait_for_room();
  }
}

void DescriptorChannel::wait_for_room() const noexcept {
  const bool crowded = last_ == SendState::crowded;
  pollfd room{socket_.get(), static_cast<short>(crowded ? 0 : POLLOUT), 0};
  const int most = crowded ? static_cast<int>(crowd_time.count()) : -1;
  while (platform::system_calls().poll(&room, 1, most) < 0) {
  }
}

ReceivedDescriptors receive_descriptors(int socket) { return next_message(socket, Taking::yes); }

ReceivedDescriptors peek_descriptors(int socket) { return next_message(socket, Taking::no); }

// Not without room for what comes along, as recvmsg(2) allows: the kernel would close it here.
void drop_descriptors(int socket) noexcept try {
  Packet packet;
  platform::receive_into(socket, std::as_writable_bytes(std::span(&packet, 1)), Waiting::no,
                         Taking::yes, "receiving descriptors");
} catch (const std::exception&) {
  // It is gone, with what came along; or the next look at it says why not.
}

void DescriptorChannel::receive() {
  if (!socket_) return;
  for (ReceivedDescriptors next = receive_descriptors(socket_.get()); next.received;
       next = receive_descriptors(socket_.get())) {
    std::vector<DescriptorRef>& kept = kept_[next.attachment_group];
    std::move(next.descriptors.begin(), next.descriptors.end(), std::back_inserter(kept));
  }
}

DescriptorRef DescriptorChannel::find(SharedDescriptor::Token token) const {
  for (auto attachment_group = kept_.rbegin(); attachment_group != kept_.rend();
       ++attachment_group) {
    for (const DescriptorRef& descriptor : attachment_group->second) {
      if (descriptor->token() == token) return descriptor;
    }
  }
  return nullptr;
}

}  // namespace brood::transfer

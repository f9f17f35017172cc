#include "platform/escort.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include <brood/errors.hpp>
#include "platform/shared_descriptor.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

using detail::DescriptorRef;
using detail::SharedDescriptor;

// The escort's two ends are the same build on the same machine: structures go as they are.
struct Entry {
  SharedDescriptor::Token token;
  SharedDescriptor::Kind kind{};
  std::uint32_t unused = 0;
};
struct Parcel {
  std::uint64_t group = 0;
  std::uint64_t count = 0;
  std::array<Entry, max_message_descriptors> entries{};

  std::size_t size() const noexcept { return offsetof(Parcel, entries) + count * sizeof(Entry); }
};

std::optional<Parcel> parse(const Message& message) {
  Parcel parcel;
  const std::size_t size = message.bytes.size();
  if (size < offsetof(Parcel, entries) || size > sizeof parcel) return std::nullopt;
  std::memcpy(&parcel, message.bytes.data(), size);
  if (parcel.count != message.descriptors.size() || parcel.size() != size) return std::nullopt;
  return parcel;
}

}  // namespace

SendState send_descriptors(int socket, std::uint64_t group,
                           std::span<const DescriptorRef>& descriptors) {
  while (!descriptors.empty()) {
    Parcel parcel{.group = group,
                  .count = std::min(descriptors.size(), max_message_descriptors),
                  .entries = {}};
    std::array<int, max_message_descriptors> numbers{};
    for (std::size_t i = 0; i < parcel.count; ++i) {
      parcel.entries[i] = {descriptors[i]->token(), descriptors[i]->kind(), 0};
      numbers[i] = descriptors[i]->get();
    }
    const auto bytes = std::as_bytes(std::span(&parcel, 1)).first(parcel.size());
    const SendState state = try_send_message(socket, bytes, {numbers.data(), parcel.count});
    if (state != SendState::sent) return state;
    descriptors = descriptors.subspan(parcel.count);
  }
  return SendState::sent;
}

bool Escort::send_all(std::uint64_t group, std::span<const DescriptorRef> descriptors) {
  for (;;) {
    const SendState state = send(group, descriptors);
    if (state != SendState::would_block) return state == SendState::sent;
    wait_for_room();
  }
}

void Escort::wait_for_room() const noexcept {
  pollfd room{socket_.get(), POLLOUT, 0};
  while (system_calls().poll(&room, 1, -1) < 0) {
  }
}

Escorted receive_descriptors(int socket) {
  bool nothing = false;
  std::optional<Message> message = receive_message_lossy(socket, 0, &nothing);
  if (!message) return {};
  Escorted escorted{
      .received = true, .group = 0, .lost = message->descriptors_lost, .descriptors = {}};
  const std::optional<Parcel> parcel = parse(*message);
  if (!parcel) return escorted;
  escorted.group = parcel->group;
  for (std::size_t i = 0; i < parcel->count; ++i) {
    const Entry& entry = parcel->entries[i];
    escorted.descriptors.push_back(
        detail::receive_descriptor(std::move(message->descriptors[i]), entry.kind, entry.token));
  }
  return escorted;
}

std::optional<std::uint64_t> next_group(int socket) {
  std::uint64_t group = 0;
  iovec part{&group, sizeof group};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  while (system_calls().recvmsg(socket, &envelope, MSG_PEEK | MSG_DONTWAIT) !=
         static_cast<ssize_t>(sizeof group)) {
    if (errno != EINTR) return std::nullopt;
  }
  return group;
}

void Escort::receive() {
  if (!socket_) return;
  for (Escorted next = receive_descriptors(socket_.get()); next.received;
       next = receive_descriptors(socket_.get())) {
    std::vector<DescriptorRef>& kept = kept_[next.group];
    std::move(next.descriptors.begin(), next.descriptors.end(), std::back_inserter(kept));
  }
}

std::vector<DescriptorRef> Escort::take(std::uint64_t group) {
  const auto entry = kept_.find(group);
  if (entry == kept_.end()) return {};
  std::vector<DescriptorRef> taken = std::move(entry->second);
  kept_.erase(entry);
  return taken;
}

}  // namespace brood::platform

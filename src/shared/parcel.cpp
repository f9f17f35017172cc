#include "shared/parcel.hpp"

#include <poll.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "platform/escort.hpp"
#include "platform/file_io.hpp"
#include "platform/memory_file.hpp"
#include "platform/poll.hpp"
#include "platform/shared_descriptor.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"

namespace brood::shared {
namespace {

using detail::DescriptorRef;
using detail::Parcel;
using detail::SharedDescriptor;
using platform::Descriptor;

constexpr std::size_t most_entries = 12;  // more descriptors travel in an escort of their own
constexpr std::size_t most_numbers = most_entries + 2;

struct Entry {
  SharedDescriptor::Token token;
  SharedDescriptor::Kind kind{};
  std::uint32_t unused = 0;
};
// Both ends are the same program on one machine: structures go as they are. Descriptors come in the
// order of its fields.
struct Header {
  std::uint64_t size = 0;       // bytes in the memfd; 0: the payload is in the message
  std::uint32_t in_memory = 0;  // 1: a memfd comes along
  std::uint32_t escorted = 0;   // 1: a socket with the descriptors waiting in it comes along
  std::uint64_t count = 0;      // entries that follow
};

struct Outgoing {
  Header header;
  std::array<Entry, most_entries> entries;
  std::array<int, most_numbers> numbers;
  std::size_t number_count = 0;
  Descriptor memory, escorted;

  void add(int number) { numbers[number_count++] = number; }
};

void put_in_memory(Outgoing& message, std::span<const std::byte> bytes) {
  message.memory = platform::make_frozen_memory("brood-message", bytes);
  message.header.size = bytes.size();
  message.header.in_memory = 1;
  message.add(message.memory.get());
}

void put_in_escort(Outgoing& message, std::span<const DescriptorRef> descriptors) {
  std::optional<Descriptor> enclosed = platform::enclose(descriptors, "one message");
  if (!enclosed)
    throw SystemError("sendmsg", "sending the descriptors of shared objects", ETOOMANYREFS);
  message.escorted = *std::move(enclosed);
  message.header.escorted = 1;
  message.add(message.escorted.get());
}

bool send(int socket, Outgoing& message, std::span<const std::byte> bytes) {
  constexpr const char* what = "sending to a connection";
  const std::array<iovec, 3> parts{
      iovec{&message.header, sizeof message.header},
      iovec{message.entries.data(), message.header.count * sizeof(Entry)},
      iovec{const_cast<std::byte*>(bytes.data()), message.header.in_memory ? 0 : bytes.size()}};
  const platform::SendState state = platform::send_parts(
      socket, parts, {message.numbers.data(), message.number_count}, platform::Waiting::yes, what);
  if (state == platform::SendState::would_block) throw SystemError("sendmsg", what, EAGAIN);
  if (state == platform::SendState::crowded) throw SystemError("sendmsg", what, ETOOMANYREFS);
  return state == platform::SendState::sent;
}

// --- receiving ---

[[noreturn]] void not_a_parcel() {
  throw CodecError(CodecError::Direction::decode, "message of a connection",
                   "it was not written by a connection");
}

// It is decoded where it lies: its bytes and its size are sealed. And all of it is there, else few
// bytes could make a reader take much memory.
void map_payload(Parcel& parcel, const Descriptor& memory, std::uint64_t size) {
  const platform::FileFacts facts = platform::facts_of(memory.get());
  if (!facts.is_frozen || size == 0 || size > facts.size || size > facts.present) not_a_parcel();
  void* const data =
      platform::system_calls().mmap(nullptr, size, PROT_READ, MAP_SHARED, memory.get(), 0);
  if (data == MAP_FAILED) throw SystemError("mmap", "receiving a message", errno);
  parcel.mapping = std::shared_ptr<const void>(
      data, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  parcel.mapped = {static_cast<const std::byte*>(data), size};
}

Parcel unpack(platform::Arrived&& incoming) {
  Header header;
  if (incoming.bytes.size() < sizeof header) not_a_parcel();
  std::memcpy(&header, incoming.bytes.data(), sizeof header);
  const std::size_t entries_size = header.count * sizeof(Entry);
  const std::size_t numbers = header.in_memory + header.escorted + header.count;
  if (header.in_memory > 1 || header.escorted > 1 || header.count > most_entries ||
      incoming.bytes.size() < sizeof header + entries_size ||
      incoming.descriptors.size() != numbers)
    not_a_parcel();
  Parcel parcel;
  auto descriptor = incoming.descriptors.begin();
  if (header.in_memory == 1) {
    map_payload(parcel, *descriptor++, header.size);
  } else {
    const auto payload = incoming.bytes.subspan(sizeof header + entries_size);
    parcel.owned.append(payload.data(), payload.size());
  }
  if (header.escorted == 1) {
    parcel.descriptors = platform::take_out(std::move(*descriptor++));
  }
  for (std::size_t i = 0; i < header.count; ++i) {
    Entry entry;
    std::memcpy(&entry, incoming.bytes.data() + sizeof header + i * sizeof entry, sizeof entry);
    parcel.descriptors.push_back(
        detail::receive_descriptor(std::move(*descriptor++), entry.kind, entry.token));
  }
  return parcel;
}

}  // namespace

bool send_parcel(int socket, std::span<const std::byte> bytes,
                 std::span<const DescriptorRef> descriptors) {
  Outgoing message;
  if (bytes.size() > largest_inline) put_in_memory(message, bytes);
  if (descriptors.size() > most_entries) {
    put_in_escort(message, descriptors);
  } else {
    for (const DescriptorRef& descriptor : descriptors) {
      message.entries[message.header.count++] = {descriptor->token(), descriptor->kind(), 0};
      message.add(descriptor->get());
    }
  }
  return send(socket, message, bytes);
}

std::optional<Parcel> receive_parcel(int socket, const ParcelBuffer& buffer) {
  std::optional<platform::Arrived> incoming =
      platform::receive_next(socket, buffer.bytes(), "receiving from a connection");
  if (!incoming) return std::nullopt;
  if (incoming->descriptors_lost) throw SystemError("recvmsg", "receiving descriptors", EMFILE);
  if (incoming->cut) not_a_parcel();
  return unpack(std::move(*incoming));
}

bool wait_readable(int socket, const platform::Deadline& deadline) {
  pollfd watched{socket, POLLIN, 0};
  return platform::poll_until({&watched, 1}, deadline) > 0;
}

}  // namespace brood::shared

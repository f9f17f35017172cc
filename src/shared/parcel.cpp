#include "shared/parcel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
  Descriptor memory;
  platform::Escort escort;
  Descriptor escorted;

  void add(int number) { numbers[number_count++] = number; }
};

void put_in_memory(Outgoing& message, std::span<const std::byte> bytes) {
  message.memory = platform::make_memory("brood-message", bytes.size());
  platform::write_at(message.memory, bytes, 0);
  message.header.size = bytes.size();
  message.header.in_memory = 1;
  message.add(message.memory.get());
}

// The kernel keeps them in the socket until the receiver has it.
void put_in_escort(Outgoing& message, std::span<const DescriptorRef> descriptors) {
  platform::SocketPair pair = platform::make_socket_pair();
  message.escort = platform::Escort(std::move(pair.ours));
  message.escorted = std::move(pair.theirs);
  if (message.escort.send(0, descriptors) != platform::SendState::sent)
    throw SystemError("sendmsg", "sending the descriptors of shared objects", ETOOMANYREFS);
  message.header.escorted = 1;
  message.add(message.escorted.get());
}

bool send(int socket, Outgoing& message, std::span<const std::byte> bytes) {
  std::array<iovec, 3> parts{
      iovec{&message.header, sizeof message.header},
      iovec{message.entries.data(), message.header.count * sizeof(Entry)},
      iovec{const_cast<std::byte*>(bytes.data()), message.header.in_memory ? 0 : bytes.size()}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_numbers)> control{};
  msghdr envelope{};
  envelope.msg_iov = parts.data();
  envelope.msg_iovlen = parts.size();
  if (message.number_count != 0) {
    const std::size_t size = message.number_count * sizeof(int);
    envelope.msg_control = control.data();
    envelope.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const part = CMSG_FIRSTHDR(&envelope);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(part), message.numbers.data(), size);
  }
  while (platform::system_calls().sendmsg(socket, &envelope, MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return false;
    if (errno != EINTR) throw SystemError("sendmsg", "sending to a connection", errno);
  }
  return true;
}

// --- receiving ---

struct Incoming {
  std::span<const std::byte> bytes;
  std::vector<Descriptor> descriptors;
};

[[noreturn]] void not_a_parcel() {
  throw CodecError(CodecError::Direction::decode, "message of a connection",
                   "it was not written by a connection");
}

void adopt(msghdr& envelope, std::vector<Descriptor>& descriptors) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&envelope); part != nullptr;
       part = CMSG_NXTHDR(&envelope, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const std::size_t first = descriptors.size();
    for (std::size_t i = 0; i < count; ++i) {  // all owned before anything throws
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + i * sizeof(int), sizeof number);
      descriptors.emplace_back(number);
    }
    for (std::size_t i = first; i < descriptors.size(); ++i)
      descriptors[i] = platform::adopt_above_stdio(descriptors[i].release());
  }
}

std::optional<Incoming> receive(int socket, std::span<std::byte> buffer) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_numbers)> control;
  iovec part{buffer.data(), buffer.size()};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  ssize_t count = -1;
  for (int resets = 0; count < 0;) {
    envelope.msg_control = control.data();
    envelope.msg_controllen = control.size();
    count = platform::system_calls().recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC);
    if (count >= 0 || errno == EINTR) continue;
    if (errno == ECONNRESET && resets++ < 2) continue;  // see platform/socket.cpp
    if (errno == ECONNRESET || errno == ENOTCONN) return std::nullopt;
    throw SystemError("recvmsg", "receiving from a connection", errno);
  }
  if (count == 0) return std::nullopt;
  Incoming incoming;
  incoming.descriptors.reserve(most_numbers);
  adopt(envelope, incoming.descriptors);
  if ((envelope.msg_flags & MSG_CTRUNC) != 0)
    throw SystemError("recvmsg", "receiving descriptors", EMFILE);
  if ((envelope.msg_flags & MSG_TRUNC) != 0) not_a_parcel();
  incoming.bytes = std::span<const std::byte>(buffer).first(static_cast<std::size_t>(count));
  return incoming;
}

void map_payload(Parcel& parcel, const Descriptor& memory, std::size_t size) {
  struct stat status {};
  if (::fstat(memory.get(), &status) != 0) throw SystemError("fstat", "receiving a message", errno);
  if (static_cast<std::uint64_t>(status.st_size) < size) not_a_parcel();
  void* const data =
      platform::system_calls().mmap(nullptr, size, PROT_READ, MAP_SHARED, memory.get(), 0);
  if (data == MAP_FAILED) throw SystemError("mmap", "receiving a message", errno);
  parcel.mapping = std::shared_ptr<const void>(
      data, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  parcel.mapped = {static_cast<const std::byte*>(data), size};
}

Parcel unpack(Incoming&& incoming) {
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
    platform::Escort escort(std::move(*descriptor++));
    escort.receive();
    parcel.descriptors = escort.take(0);
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

std::optional<Parcel> receive_parcel(int socket) {
  static thread_local std::vector<std::byte> buffer(64 * 1024);
  std::optional<Incoming> incoming = receive(socket, buffer);
  if (!incoming) return std::nullopt;
  return unpack(std::move(*incoming));
}

bool wait_readable(int socket, const platform::Deadline& deadline) {
  pollfd watched{socket, POLLIN, 0};
  return platform::poll_until({&watched, 1}, deadline) > 0;
}

}  // namespace brood::shared

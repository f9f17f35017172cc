#include "shared/envelope.hpp"

#include <poll.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <brood/errors.hpp>
#include "platform/file_io.hpp"
#include "platform/memory_file.hpp"
#include "platform/peek.hpp"
#include "platform/poll.hpp"
#include "platform/random.hpp"
#include "platform/rights.hpp"
#include "platform/socket.hpp"
#include "platform/system_calls.hpp"
#include "transfer/descriptor_channel.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::shared {
namespace {

using detail::DescriptorRef;
using detail::Envelope;
using detail::SharedDescriptor;
using platform::Descriptor;

constexpr std::size_t most_entries = 12;  // more descriptors travel in a socket of their own
constexpr std::size_t most_numbers = most_entries + 2;

struct Entry {
  SharedDescriptor::Token token;
  SharedDescriptor::Kind kind{};
  std::uint32_t unused = 0;
};
// Both ends are the same program on one machine: structures go as they are. Descriptors come in the
// order of its fields.
struct EnvelopeHeader {
  std::uint64_t size = 0;       // bytes in the memfd; 0: the payload is in the message
  std::uint32_t in_memory = 0;  // 1: a memfd comes along
  std::uint32_t bundled = 0;    // 1: a socket with the descriptors waiting in it comes along
  std::uint64_t count = 0;      // entries that follow
  std::uint64_t number = 0;     // random, where descriptors come along: no other message has it
};

struct Outgoing {
  EnvelopeHeader header;
  std::array<Entry, most_entries> entries;
  std::array<int, most_numbers> numbers;
  std::size_t number_count = 0;
  Descriptor memory, bundled;

  void add(int number) { numbers[number_count++] = number; }
};

void put_in_memory(Outgoing& message, std::span<const std::byte> bytes) {
  message.memory = platform::make_frozen_memory("brood-message", bytes);
  message.header.size = bytes.size();
  message.header.in_memory = 1;
  message.add(message.memory.get());
}

void put_in_channel(Outgoing& message, std::span<const DescriptorRef> descriptors) {
  std::optional<Descriptor> enclosed = transfer::enclose(descriptors, "one message");
  if (!enclosed)
    throw SystemError("sendmsg", "sending the descriptors of shared objects", ETOOMANYREFS);
  message.bundled = *std::move(enclosed);
  message.header.bundled = 1;
  message.add(message.bundled.get());
}

bool send(int socket, Outgoing& message, std::span<const std::byte> bytes) {
  constexpr const char* what = "sending to a connection";
  if (message.number_count != 0) message.header.number = platform::random_number(what);
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

constexpr const char* receiving = "receiving from a connection";

[[noreturn]] void not_an_envelope() {
  throw CodecError(CodecError::Direction::decode, "message of a connection",
                   "it was not written by a connection");
}

// It is decoded where it lies: its bytes and its size are sealed. And all of it is there, else few
// bytes could make a reader take much memory.
void map_payload(Envelope& envelope, const Descriptor& memory, std::uint64_t size) {
  const platform::FileFacts facts = platform::facts_of(memory.get());
  if (!facts.is_frozen || size == 0 || size > facts.size || size > facts.present) not_an_envelope();
  void* const data =
      platform::system_calls().mmap(nullptr, size, PROT_READ, MAP_SHARED, memory.get(), 0);
  if (data == MAP_FAILED) throw SystemError("mmap", "receiving a message", errno);
  envelope.mapping = std::shared_ptr<const void>(
      data, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  envelope.mapped = {static_cast<const std::byte*>(data), size};
}

[[noreturn]] void no_room() {
  throw SystemError("recvmsg",
                    "receiving a message, which stays: its descriptors find no room in this "
                    "process (ulimit -n)",
                    EMFILE);
}

/// As far as it is there: a short one is none.
EnvelopeHeader header_of(std::span<const std::byte> bytes) noexcept {
  EnvelopeHeader header;
  if (bytes.size() < sizeof header) {
    header.count = most_entries + 1;
  } else {
    std::memcpy(&header, bytes.data(), sizeof header);
  }
  return header;
}

std::size_t numbers_of(const EnvelopeHeader& header) noexcept {
  return header.in_memory + header.bundled + header.count;
}

bool makes_sense(const EnvelopeHeader& header, std::size_t size) noexcept {
  return header.in_memory <= 1 && header.bundled <= 1 && header.count <= most_entries &&
         size >= sizeof header + header.count * sizeof(Entry);
}

/// The descriptors of more than a message may have stay where they wait, or are taken from there.
enum class Enclosed : bool { stay, taken };

std::vector<DescriptorRef> take(Descriptor enclosed, Enclosed what) {
  if (what == Enclosed::taken) return transfer::take_out(std::move(enclosed));
  auto found = transfer::look_into(enclosed.get());
  if (!found) no_room();
  return *std::move(found);
}

Envelope unpack(std::span<const std::byte> bytes, std::vector<Descriptor> descriptors,
                Enclosed enclosed) {
  const EnvelopeHeader header = header_of(bytes);
  if (!makes_sense(header, bytes.size()) || descriptors.size() != numbers_of(header))
    not_an_envelope();
  Envelope envelope;
  auto descriptor = descriptors.begin();
  if (header.in_memory == 1) {
    map_payload(envelope, *descriptor++, header.size);
  } else {
    const auto payload = bytes.subspan(sizeof header + header.count * sizeof(Entry));
    envelope.owned.append(payload.data(), payload.size());
  }
  if (header.bundled == 1) envelope.descriptors = take(std::move(*descriptor++), enclosed);
  for (std::size_t i = 0; i < header.count; ++i) {
    Entry entry;
    std::memcpy(&entry, bytes.data() + sizeof header + i * sizeof entry, sizeof entry);
    envelope.descriptors.push_back(
        detail::receive_descriptor(std::move(*descriptor++), entry.kind, entry.token));
  }
  return envelope;
}

/// Nothing at the end of the stream.
std::optional<Envelope> unpack(std::optional<platform::Arrived> incoming) {
  if (!incoming) return std::nullopt;
  if (incoming->descriptors_lost) throw SystemError("recvmsg", "receiving descriptors", EMFILE);
  if (incoming->cut) not_an_envelope();
  return unpack(incoming->bytes, std::move(incoming->descriptors), Enclosed::taken);
}

// --- and leaving what finds no room ---

/// Waits for the next one. Only these can bring more than a table has room for that has room for
/// one message.
bool is_bundled(int socket) {
  std::array<std::byte, sizeof(EnvelopeHeader)> bytes;
  std::size_t size = platform::peek_bytes(socket, bytes);
  if (size == 0) {  // the end of the stream, or a non-blocking socket
    wait_readable(socket, std::nullopt);
    size = platform::peek_bytes(socket, bytes);
  }
  return header_of(std::span(bytes).first(size)).bundled == 1;
}

/// The next envelope, made of copies of its descriptors, while it stays in the socket; nothing
/// where it needs none, or is to be taken as it is: it is no envelope, or there is none. A peer
/// that sends more descriptors than it says shall not have its message stay for ever.
std::optional<Envelope> peek_envelope(int socket, const EnvelopeBuffer& buffer,
                                      EnvelopeHeader& header) {
  platform::Peeked seen = platform::peek_message(socket, buffer.bytes());
  header = header_of(seen.bytes);
  if (!makes_sense(header, seen.bytes.size()) || seen.descriptors.size() > numbers_of(header) ||
      numbers_of(header) == 0)
    return std::nullopt;
  if (seen.lost && seen.descriptors.size() < numbers_of(header)) no_room();
  try {
    return unpack(seen.bytes, std::move(seen.descriptors), Enclosed::stay);
  } catch (const CodecError&) {
    return std::nullopt;
  }
}

}  // namespace

bool send_envelope(int socket, std::span<const std::byte> bytes,
                   std::span<const DescriptorRef> descriptors) {
  Outgoing message;
  if (bytes.size() > largest_inline) put_in_memory(message, bytes);
  if (descriptors.size() > most_entries) {
    put_in_channel(message, descriptors);
  } else {
    for (const DescriptorRef& descriptor : descriptors) {
      message.entries[message.header.count++] = {descriptor->token(), descriptor->kind(), 0};
      message.add(descriptor->get());
    }
  }
  return send(socket, message, bytes);
}

std::optional<Envelope> receive_envelope(int socket, const EnvelopeBuffer& buffer) {
  return unpack(platform::receive_next(socket, buffer.bytes(), receiving));
}

// The copies are the receiver's when the message has been taken: taking it finds no room for its
// descriptors once more.
std::optional<Envelope> receive_envelope_or_leave(int socket, const EnvelopeBuffer& buffer) {
  for (;;) {
    if (!is_bundled(socket) && platform::has_room_for_rights())
      return unpack(platform::receive_with_room(socket, buffer.bytes(), receiving));
    EnvelopeHeader header;
    std::optional<Envelope> envelope = peek_envelope(socket, buffer, header);
    if (!envelope && wait_readable(socket, std::chrono::steady_clock::now()))
      return receive_envelope(socket, buffer);
    if (!envelope) continue;  // another reader has it
    std::optional<platform::Arrived> taken = platform::receive_into(
        socket, buffer.bytes(), platform::Waiting::no, platform::Taking::yes, receiving);
    if (!taken) continue;  // the same
    const EnvelopeHeader its = header_of(taken->bytes);
    if (std::memcmp(&its, &header, sizeof header) == 0) return envelope;
    return unpack(std::move(taken));  // the next one
  }
}

bool is_want_of_room(const SystemError& error) noexcept {
  const int number = error.code().value();
  return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS;
}

bool wait_readable(int socket, const platform::Deadline& deadline) {
  pollfd watched{socket, POLLIN, 0};
  return platform::poll_until({&watched, 1}, deadline) > 0;
}

}  // namespace brood::shared

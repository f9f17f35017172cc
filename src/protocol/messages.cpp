#include "protocol/messages.hpp"

#include <cereal/types/chrono.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <chrono>
#include <optional>

#include "wire/checked.hpp"

namespace brood::protocol {

void append_message(detail::Bytes& target, Type type, std::span<const std::byte> payload) {
  const std::size_t start = wire::begin_frame(target, static_cast<std::uint16_t>(type));
  target.append(payload.data(), payload.size());
  wire::finish_frame(target, start);
}

namespace {

template <class Archive>
void visit(Archive& archive, Limits& limits) {
  std::optional<std::chrono::nanoseconds>& cpu_time = limits.cpu_time;
  archive(limits.address_space, cpu_time, limits.resident, limits.resident_hard, limits.open_files,
          limits.core_size);
}

// Version and build come first and keep their places for ever, so that any two builds can tell that
// they differ.
template <class Archive>
void visit(Archive& archive, WorkerSetup& setup) {
  archive(setup.protocol_version, setup.preparation, setup.slot, setup.initializer, setup.state);
  visit(archive, setup.limits);
  archive(setup.message_limit, setup.nice, setup.cpus, setup.processors);
  detail::SandboxTerms& sandbox = setup.sandbox;
  archive(sandbox.on, sandbox.shared_objects, sandbox.threads, sandbox.warn, sandbox.readable,
          sandbox.writable, sandbox.calls);
}

template <class Archive>
void visit(Archive& archive, LogRecord& record) {
  archive(record.level, record.logger, record.text);
}

template <class Message>
void encode(detail::Bytes& target, Type type, Message message) {
  const std::size_t start = wire::begin_frame(target, static_cast<std::uint16_t>(type));
  OutputArchive archive(target);
  visit(archive, message);
  wire::finish_frame(target, start);
}

template <class Message>
Message decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  InputArchive archive(reader);
  Message message;
  visit(archive, message);
  return message;
}

}  // namespace

void encode_setup(detail::Bytes& target, const WorkerSetup& setup) {
  encode(target, Type::setup, setup);
}
WorkerSetup decode_setup(std::span<const std::byte> payload) {
  return decode<WorkerSetup>(payload);
}
void encode_log(detail::Bytes& target, const LogRecord& record) {
  encode(target, Type::log, record);
}
LogRecord decode_log(std::span<const std::byte> payload) {
  auto record = decode<LogRecord>(payload);
  wire::checked_index(record.level, log_levels, "log level");
  return record;
}

}  // namespace brood::protocol

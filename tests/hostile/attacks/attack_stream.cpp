#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include <brood/detail/pool/job.hpp>
#include "hostile/attacks/attack.hpp"
#include "hostile/attacks/attack_message.hpp"
#include "support/held_pipe.hpp"
#include "support/worker_channel.hpp"
#include "wire/exception.hpp"

// What the owner reads from the ring and the socket of a worker that was taken over.
namespace brood::hostile {

using protocol::Type;

namespace {

template <class T>
void add(std::string& target, const T& value) {
  target.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// The length is mostly the right one: else everything behind it is garbage.
std::string framed(Foe& foe, Type type, const std::string& payload) {
  wire::FrameHeader header = testing::frame_header(type, payload.size());
  if (foe.dice.percent(8)) header.length = foe.dice.near(payload.size());
  if (foe.dice.percent(3)) header.magic ^= 1U << foe.dice.up_to(31);
  if (foe.dice.percent(10)) header.flags = static_cast<std::uint16_t>(foe.dice.any());
  std::string frame;
  add(frame, header);
  return frame + payload;
}

// The right value most of the time: one lie at a time gets further than many.
std::uint64_t lie(Foe& foe, std::uint64_t truth) {
  return foe.dice.percent(80) ? truth : foe.dice.near(truth);
}

std::uint32_t some_stride(Foe& foe) {
  const std::array<std::uint64_t, 6> strides{8, 8, detail::variable_stride, 0, 1, foe.dice.near(8)};
  return static_cast<std::uint32_t>(strides[foe.dice.up_to(5)]);
}

std::string records(Foe& foe, std::uint32_t stride, std::uint64_t count) {
  count = std::min<std::uint64_t>(count, 200);
  if (stride != detail::variable_stride)
    return foe.dice.bytes(foe.dice.near(std::min<std::uint64_t>(stride, 64) * count) % 4096);
  std::string data;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string record = foe.dice.bytes(foe.dice.magnitude(32));
    add(data, lie(foe, record.size()));
    data += record;
  }
  return data;
}

std::string results(Foe& foe, std::uint32_t folded) {
  const protocol::RunHeader run = foe.run();
  const std::uint64_t position = foe.page().claimed.load() - 1;
  protocol::ResultsHeader header{};
  header.job = lie(foe, run.job);
  header.sequence = lie(foe, foe.dice.percent(50) ? position : run.sequence);
  header.first = lie(foe, run.first + (header.sequence - run.sequence));
  header.count =
      foe.dice.percent(50) ? foe.dice.near(run.count) : run.sequence + run.count - header.sequence;
  header.elapsed = lie(foe, 1000);
  header.stride = some_stride(foe);
  header.folded = folded;
  std::string payload;
  add(payload, header);
  return framed(foe, Type::results,
                payload + records(foe, header.stride, folded != 0 ? 1 : header.count));
}

std::string failed(Foe& foe) {
  const protocol::RunHeader run = foe.run();
  const protocol::FailedHeader header{.job = lie(foe, run.job),
                                      .index = lie(foe, run.first),
                                      .sequence = lie(foe, run.sequence),
                                      .elapsed = lie(foe, 1000),
                                      .retryable = foe.dice.up_to(2)};
  std::string payload;
  add(payload, header);
  detail::Bytes encoded;
  wire::encode_exception(encoded, std::make_exception_ptr(std::runtime_error("forged")));
  std::string exception(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  for (std::uint64_t i = foe.dice.up_to(2); i-- > 0;)
    exception[foe.dice.up_to(exception.size() - 1)] ^= static_cast<char>(foe.dice.any());
  if (foe.dice.percent(30)) exception.resize(foe.dice.up_to(exception.size()));
  return framed(foe, Type::failed, payload + exception);
}

std::string log_record(Foe& foe) {
  detail::Bytes encoded;
  const bool lies = foe.dice.percent(50);
  const auto level = static_cast<int>(lies ? foe.dice.near(4) : foe.dice.up_to(6));
  protocol::encode_log(encoded, {level, foe.dice.percent(50) ? "" : foe.dice.bytes(8),
                                 foe.dice.bytes(foe.dice.magnitude(2000))});
  std::string frame(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  if (foe.dice.percent(20))  // one of its lengths, perhaps
    frame[foe.dice.up_to(frame.size() - 1)] ^= static_cast<char>(foe.dice.any());
  return frame;
}

std::string greeting(Foe& foe) {
  protocol::GreetingHeader header{};
  header.version = static_cast<std::uint32_t>(lie(foe, protocol::version));
  std::string payload;
  add(payload, header);
  return framed(foe, Type::greeting, payload);
}

void write(const std::string& bytes) {
  testing::write_to_owner(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

template <class Make>
void write_frames(Foe& foe, Make make) {
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(20); ++i) write(make(foe));
}

}  // namespace

std::string forged_frame(Foe& foe, Type type) {
  switch (type) {
    case Type::results:
      return results(foe, static_cast<std::uint32_t>(foe.dice.percent(20) ? foe.dice.near(1) : 0));
    case Type::failed:
      return failed(foe);
    case Type::log:
      return log_record(foe);
    case Type::greeting:
      return greeting(foe);
    case Type::skipped: {
      std::string payload;
      add(payload, foe.dice.near(foe.page().claimed));
      return framed(foe, type, payload);
    }
    default:  // without a payload, or an owner's
      return framed(foe, type, foe.dice.percent(70) ? "" : foe.dice.bytes(foe.dice.up_to(64)));
  }
}

std::string any_forged_frame(Foe& foe) {
  const std::uint64_t type = foe.dice.percent(80) ? 32 + foe.dice.up_to(8) : foe.dice.near(32);
  return forged_frame(foe, static_cast<Type>(type));
}

// Enough for a header, and read before the library goes on: else its next result, written where the
// stream stood before, can hide both the garbage and itself, and nothing tells its worker from one
// that runs on.
void stream_garbage(Foe& foe) {
  write(foe.dice.bytes(sizeof(wire::FrameHeader) + foe.dice.magnitude(200'000)));
  testing::wait_until_read();
}
void stream_frames(Foe& foe) { write_frames(foe, any_forged_frame); }
void stream_results(Foe& foe) {
  write_frames(foe, [](Foe& f) { return results(f, 0); });
}
void stream_folded(Foe& foe) {
  write_frames(foe, [](Foe& f) { return results(f, 1); });
}
void stream_failed(Foe& foe) { write_frames(foe, failed); }
void stream_skipped(Foe& foe) {
  write_frames(foe, [](Foe& f) {
    return forged_frame(f, f.dice.percent(70) ? Type::skipped : Type::exhausted);
  });
}
void stream_logs(Foe& foe) { write_frames(foe, log_record); }
void stream_beginnings(Foe& foe) {
  write_frames(foe,
               [](Foe& f) { return forged_frame(f, static_cast<Type>(32 + f.dice.up_to(2))); });
}

void stream_truncated(Foe& foe) {
  const std::string frame = any_forged_frame(foe);
  write(frame.substr(0, foe.dice.up_to(frame.size())));
}

void stream_replayed(Foe& foe) {
  protocol::WorkerPage& page = foe.page();
  const std::size_t some = foe.dice.up_to(1000);
  const std::string said(reinterpret_cast<const char*>(page.at(page.head - some)), some);
  for (std::uint64_t i = 0; i <= foe.dice.up_to(3); ++i) write(said);
  const std::string forged = any_forged_frame(foe);
  write(forged + forged);
}

// Never so much that the machine suffers: what counts is what the header claims.
void stream_huge(Foe& foe) {
  const std::array<std::uint64_t, 4> lengths{std::uint64_t{1} << 39, ~std::uint64_t{0},
                                             std::uint64_t{1} << 32, std::uint64_t{1} << 31};
  std::string header;
  add(header, testing::frame_header(Type::results, lengths[foe.dice.up_to(3)]));
  write(header);
  for (std::uint64_t i = foe.dice.up_to(64); i-- > 0;) write(std::string(64 * 1024, 'x'));
  testing::wait_until_read();
}

// Unwanted frames, one behind the other, for as long as the ring takes them.
void stream_without_end(Foe& foe) {
  std::string empty_results;
  add(empty_results, protocol::ResultsHeader{});
  const std::string frame =
      framed(foe, foe.dice.percent(50) ? Type::results : Type::ready, empty_results);
  std::string many;
  while (many.size() < 60'000) many += frame;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  while (std::chrono::steady_clock::now() < end) write(many);
}

// Asked for or not; among them bytes that are none.
void pipe_wake_ups(Foe& foe) {
  std::string bytes(foe.dice.magnitude(5000), static_cast<char>(protocol::wake_up));
  if (foe.dice.percent(30)) bytes += foe.dice.bytes(foe.dice.magnitude(100));
  if (foe.dice.percent(50)) foe.page().owner_waits = static_cast<std::uint32_t>(foe.dice.up_to(2));
  send(testing::wake_up_socket, bytes);
}

// Kept for as long as the worker lives.
void pipe_locked(Foe& foe) {
  for (const int number : {testing::wake_up_socket, testing::channel_socket}) {
    if (foe.dice.percent(40)) continue;
    const testing::LockKeepers keepers(number, static_cast<int>(1 + foe.dice.up_to(7)));
    if (foe.dice.percent(80)) keepers.write_one();
  }
}

void pipe_descriptors(Foe& foe) {
  for (std::uint64_t i = 0; i <= foe.dice.magnitude(20); ++i) {
    const Thing thing(foe.dice);
    const std::string bytes = foe.dice.percent(50) ? any_forged_frame(foe) : foe.dice.bytes(9);
    send(testing::wake_up_socket, bytes, thing.number(),
         1 + foe.dice.magnitude(most_descriptors - 1));
  }
}

}  // namespace brood::hostile

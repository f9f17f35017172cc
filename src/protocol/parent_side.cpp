#include "protocol/parent_side.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <brood/detail/pool/result_shape.hpp>
#include <brood/errors.hpp>
#include "wire/checked.hpp"

namespace brood::protocol {

namespace {

[[noreturn]] void broken(const char* reason) {
  throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
}

void demand(bool condition, const char* reason) {
  if (!condition) broken(reason);
}

// A header that is all of its message.
template <class Header>
Header only_header(std::span<const std::byte> payload) {
  const auto header = take_header<Header>(payload);
  demand(payload.empty(), "bytes behind its end");
  return header;
}

// Whether [first, first + count) are numbers.
bool is_range(std::uint64_t first, std::uint64_t count) { return first + count >= first; }

// Whole results in the data of a frame that is still being filled.
std::uint64_t whole_results(std::uint32_t stride, std::span<const std::byte> data) {
  demand(stride != 0, "results without bytes");
  if (stride != detail::variable_stride) return data.size() / stride;
  std::uint64_t count = 0;
  Reader reader(data);
  std::uint64_t length = 0;
  while (reader.left() >= sizeof length) {
    reader.read(&length, sizeof length);
    if (reader.left() < length) break;
    reader.take(length);
    ++count;
  }
  return count;
}

}  // namespace

std::size_t extent_of_results(std::uint32_t stride, std::uint64_t count,
                              std::span<const std::byte> data) {
  demand(stride != 0, "results without bytes");
  if (stride != detail::variable_stride) {
    demand(count <= data.size() / stride, "fewer results than announced");
    return static_cast<std::size_t>(count) * stride;
  }
  Reader reader(data);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t length = 0;
    reader.read(&length, sizeof length);
    reader.take(length);
  }
  return data.size() - reader.left();
}

void ParentSide::parse(ParentEvents& events) {
  while (const auto frame = parser_.next()) dispatch(*frame, events);
}

// Each header is copied and then used; of such results nothing decides where anything lies.
std::size_t ParentSide::parse_in_place(std::span<const std::byte> bytes, ParentEvents& events) {
  constexpr std::size_t headers = sizeof(wire::FrameHeader) + sizeof(ResultsHeader);
  const std::size_t all = bytes.size();
  while (bytes.size() >= headers) {
    std::span<const std::byte> payload = bytes;
    const auto frame = take_header<wire::FrameHeader>(payload);
    const auto header = take_header<ResultsHeader>(payload);
    const bool is_results = frame.magic == wire::FrameHeader::expected_magic &&
                            frame.type == static_cast<std::uint16_t>(Type::results) &&
                            frame.length >= sizeof header &&
                            frame.length - sizeof header <= payload.size();
    if (!is_results || header.stride == detail::variable_stride || stage_ != Stage::tasks) break;
    const auto size = static_cast<std::size_t>(frame.length) - sizeof header;
    results(header, payload.first(size), events);
    bytes = payload.subspan(size);
  }
  return all - bytes.size();
}

// Each header is a copy: the worker may change what lies there.
std::optional<ParentSide::LargeResult> ParentSide::large_result(std::span<const std::byte> bytes,
                                                                std::uint64_t least) const {
  if (bytes.size() < LargeResult::headers || stage_ != Stage::tasks) return std::nullopt;
  const auto frame = wire::header_of(bytes, limit_);
  if (frame->type != static_cast<std::uint16_t>(Type::results) || frame->length < least)
    return std::nullopt;
  std::span<const std::byte> payload = bytes.subspan(sizeof *frame);
  LargeResult result{take_header<ResultsHeader>(payload), take_header<std::uint64_t>(payload)};
  const bool is_one = result.header.count == 1 && result.header.folded == 0 &&
                      result.header.stride == detail::variable_stride;
  if (!is_one) return std::nullopt;
  demand(result.size == frame->length - (LargeResult::headers - sizeof *frame),
         "a result of another size than its frame");
  return result;
}

void ParentSide::took(const LargeResult& result) {
  const std::uint64_t sequence = result.header.sequence;
  demand(sequence == resolved_, "a result out of its order");
  resolved_ = sequence + 1;
}

void ParentSide::open_frame(std::span<const std::byte> payload, ParentEvents& events) {
  if (payload.size() < sizeof(wire::FrameHeader) + sizeof(ResultsHeader)) return;
  const auto frame = take_header<wire::FrameHeader>(payload);
  const bool sound = frame.magic == wire::FrameHeader::expected_magic &&
                     frame.type == static_cast<std::uint16_t>(Type::results);
  auto header = take_header<ResultsHeader>(payload);
  demand(sound && header.folded == 0 && stage_ == Stage::tasks, "an open frame of no results");
  header.count = whole_results(header.stride, payload);
  report(header, payload.first(extent_of_results(header.stride, header.count, payload)), events);
}

void ParentSide::dispatch(const wire::Frame& frame, ParentEvents& events) {
  const auto type = static_cast<Type>(frame.type);
  switch (type) {
    case Type::greeting:
    case Type::ready:
    case Type::start_failed:
    case Type::sandbox_failed:
      return start_up(type, frame.payload, events);
    case Type::log:
      demand(stage_ != Stage::greeting, "a log record before its greeting");
      return events.on_log(decode_log(frame.payload));
    default:
      demand(stage_ == Stage::tasks, "a message of a worker that is not ready");
      return task(type, frame.payload, events);
  }
}

void ParentSide::start_up(Type type, std::span<const std::byte> payload, ParentEvents& events) {
  if (type == Type::greeting) return greeting(payload, events);
  pass(Stage::initializing, type == Type::ready ? Stage::tasks : Stage::failed);
  if (type == Type::start_failed) return events.on_start_failed(payload);
  if (type == Type::sandbox_failed)
    return events.on_sandbox_failed(
        {reinterpret_cast<const char*>(payload.data()), payload.size()});
  demand(payload.empty(), "bytes behind its end");
  events.on_ready();
}

void ParentSide::task(Type type, std::span<const std::byte> payload, ParentEvents& events) {
  switch (type) {
    case Type::results: {
      const auto header = take_header<ResultsHeader>(payload);
      return results(header, payload, events);
    }
    case Type::failed:
      return failed(payload, events);
    case Type::skipped:
      return skipped(payload, events);
    case Type::attached:
      demand(payload.empty(), "bytes behind its end");
      return events.on_attached();
    case Type::exhausted:
      return exhausted(payload, events);
    case Type::times:
      return times(payload, events);
    default:
      broken("a type that no worker sends");
  }
}

void ParentSide::pass(Stage from, Stage to) {
  demand(stage_ == from, "a start-up message out of its order");
  stage_ = to;
}

void ParentSide::greeting(std::span<const std::byte> payload, ParentEvents& events) {
  const auto header = only_header<GreetingHeader>(payload);
  pass(Stage::greeting, Stage::initializing);
  events.on_greeting(header);
}

void ParentSide::exhausted(std::span<const std::byte> payload, ParentEvents& events) {
  demand(payload.empty(), "bytes behind its end");
  demand(!std::exchange(exhausted_, true), "a worker that is exhausted twice");
  events.on_exhausted();
}

// The listener knows which fence is waited for.
void ParentSide::skipped(std::span<const std::byte> payload, ParentEvents& events) {
  const std::uint64_t fence = only_header<SkippedHeader>(payload).fence;
  demand(fence >= resolved_, "an acknowledgement of what has been told");
  events.on_skipped(fence);
  resolved_ = fence;
}

// A frame that is closed holds its results and nothing else; one result stands for all of a fold.
void ParentSide::results(const ResultsHeader& header, std::span<const std::byte> payload,
                         ParentEvents& events) {
  const bool folded = wire::checked_bool(header.folded, "whether results are folded");
  demand(!folded || header.stride == detail::variable_stride, "a fold of a fixed size");
  const std::size_t extent = extent_of_results(header.stride, folded ? 1 : header.count, payload);
  demand(extent == payload.size(), "more results than announced");
  report(header, payload, events);
}

// Drops the part that the page has told already. `data` holds the results, whole and no more.
void ParentSide::report(ResultsHeader header, std::span<const std::byte> data,
                        ParentEvents& events) {
  expect(header.sequence);
  demand(is_range(header.sequence, header.count) && is_range(header.first, header.count),
         "more elements than there are numbers");
  const std::uint64_t known = std::min(header.count, resolved_ - header.sequence);
  if (known == header.count) return;
  if (known != 0) {
    demand(header.folded == 0, "a folded result for elements that have one");
    data = data.subspan(extent_of_results(header.stride, known, data));
  }
  header.first += known;
  header.sequence += known;
  header.elapsed -= header.elapsed / header.count * known;
  header.count -= known;
  resolved_ = header.sequence + header.count;
  events.on_results(header, data);
}

void ParentSide::failed(std::span<const std::byte> payload, ParentEvents& events) {
  const auto header = take_header<FailedHeader>(payload);
  wire::checked_bool(header.retryable, "whether an exception is one to try again for");
  expect(header.sequence);
  if (header.sequence < resolved_) return;
  resolved_ = header.sequence + 1;
  events.on_failed(header, payload);
}

// Copied: the bytes need not be aligned.
void ParentSide::times(std::span<const std::byte> payload, ParentEvents& events) {
  const std::size_t count = payload.size() / sizeof(ElementTimes);
  demand(count != 0 && count <= most_times && count * sizeof(ElementTimes) == payload.size(),
         "times of no elements, or of too many");
  std::array<ElementTimes, most_times> all;
  std::memcpy(all.data(), payload.data(), payload.size());
  const std::span<const ElementTimes> told = std::span(all).first(count);
  for (const ElementTimes& one : told) {
    demand(one.sequence >= timed_ && one.sequence + 1 != 0, "times out of sequence");
    demand(one.begun <= one.running && one.running <= one.encoding && one.encoding <= one.encoded,
           "times that go back");
    timed_ = one.sequence + 1;
  }
  events.on_times(told);
}

void ParentSide::expect(std::uint64_t sequence) const {
  if (sequence > resolved_) broken("a result out of sequence");
}

}  // namespace brood::protocol

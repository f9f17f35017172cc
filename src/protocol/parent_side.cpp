#include "protocol/parent_side.hpp"

#include <algorithm>

#include <brood/detail/job.hpp>
#include <brood/errors.hpp>

namespace brood::protocol {

namespace {

[[noreturn]] void broken(const char* reason) {
  throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
}

// Bytes that the first `count` results take, checked against what is there.
std::size_t extent(std::uint32_t stride, std::uint64_t count, std::span<const std::byte> data) {
  if (stride != detail::variable_stride) {
    if (stride != 0 && count > data.size() / stride) broken("fewer results than announced");
    return count * stride;
  }
  Reader reader(data);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t length = 0;
    reader.read(&length, sizeof length);
    reader.take(length);
  }
  return data.size() - reader.left();
}

// Whole results in the data of a frame that is still being filled.
std::uint64_t whole_results(std::uint32_t stride, std::span<const std::byte> data) {
  if (stride != detail::variable_stride) return stride == 0 ? 0 : data.size() / stride;
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

void ParentSide::parse(ParentEvents& events) {
  while (const auto frame = parser_.next()) {
    const std::uint64_t end = parser_.received() - parser_.pending();
    if (end > harvested_) dispatch(*frame, events);
  }
}

void ParentSide::harvest(const PageSnapshot& page, ParentEvents& events) {
  if (parser_.pending() != 0 || parser_.received() != page.base)
    return;  // its bytes are on their way
  wire::FrameParser frames(page.contents.size() + sizeof(wire::FrameHeader));
  frames.feed(page.contents.first(page.open.value_or(page.contents.size())));
  while (const auto frame = frames.next()) {
    const std::uint64_t end = page.base + frames.received() - frames.pending();
    if (end > harvested_) dispatch(*frame, events);
    harvested_ = std::max(harvested_, end);
  }
  open_frame(page, events);
}

void ParentSide::finish(const PageSnapshot& page, ParentEvents& events) {
  const std::size_t closed = page.open.value_or(page.contents.size());
  const std::uint64_t received = parser_.received();
  // Beyond the page: the worker died while it wrote a large result, of which nothing is of use.
  if (received >= page.base && received - page.base <= closed) {
    parser_.feed(page.contents.first(closed).subspan(received - page.base));
    parse(events);
    open_frame(page, events);
  }
}

void ParentSide::open_frame(const PageSnapshot& page, ParentEvents& events) {
  if (!page.open) return;
  std::span<const std::byte> payload = page.contents.subspan(*page.open);
  if (payload.size() < sizeof(wire::FrameHeader) + sizeof(ResultsHeader)) return;
  payload = payload.subspan(sizeof(wire::FrameHeader));
  auto header = take_header<ResultsHeader>(payload);
  header.count = whole_results(header.stride, payload);
  if (header.count != 0) report(header, payload, events);
}

void ParentSide::dispatch(const wire::Frame& frame, ParentEvents& events) {
  std::span<const std::byte> payload = frame.payload;
  switch (static_cast<Type>(frame.type)) {
    case Type::greeting:
      return events.on_greeting(take_header<GreetingHeader>(payload));
    case Type::ready:
      return events.on_ready();
    case Type::start_failed:
      return events.on_start_failed(payload);
    case Type::sandbox_failed:
      return events.on_sandbox_failed(
          {reinterpret_cast<const char*>(payload.data()), payload.size()});
    case Type::results:
      return results(payload, events);
    case Type::failed:
      return failed(payload, events);
    case Type::skipped:
      resolved_ = std::max(resolved_, take_header<SkippedHeader>(payload).fence);
      return events.on_skipped(resolved_);
    case Type::carried:
      return events.on_carried();
    case Type::exhausted:
      return events.on_exhausted();
    case Type::log:
      return events.on_log(decode_log(payload));
    default:
      broken("a type that no worker sends");
  }
}

void ParentSide::results(std::span<const std::byte> payload, ParentEvents& events) {
  const auto header = take_header<ResultsHeader>(payload);
  report(header, payload, events);
}

// Drops the part that the page has told already.
void ParentSide::report(ResultsHeader header, std::span<const std::byte> data,
                        ParentEvents& events) {
  expect(header.sequence);
  const std::uint64_t known = std::min(header.count, resolved_ - header.sequence);
  if (known == header.count) return;
  if (header.folded == 0) {
    data = data.subspan(extent(header.stride, known, data));
    data = data.first(extent(header.stride, header.count - known, data));
  } else if (known != 0) {
    broken("a folded result for elements that have one");
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
  expect(header.sequence);
  if (header.sequence < resolved_) return;
  resolved_ = header.sequence + 1;
  events.on_failed(header, payload);
}

void ParentSide::expect(std::uint64_t sequence) const {
  if (sequence > resolved_) broken("a result out of sequence");
}

}  // namespace brood::protocol

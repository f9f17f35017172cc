#include "worker/result_stream.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "protocol/revocation.hpp"
#include "wire/exception.hpp"
#include "wire/frame.hpp"
#include "worker/run_access.hpp"

namespace brood::worker {

using protocol::Type;
using protocol::WorkerPage;

namespace {
constexpr std::size_t frame_overhead = sizeof(wire::FrameHeader) + sizeof(protocol::ResultsHeader);
constexpr std::size_t largest_record = 16 * 1024;
constexpr std::uint64_t decoded_in_place = std::uint64_t{1} << 20;
constexpr auto flush_age = std::chrono::microseconds(500);
static_assert(detail::Run::not_revoked == WorkerPage::not_revoked, "one word, seen by both");
}  // namespace

ResultStream::ResultStream(SessionProcess& process, WorkerPage& page, std::size_t capacity)
    : process_(process),
      ring_(process, page, capacity),
      times_(std::clamp<std::size_t>(capacity / 16 / sizeof(protocol::ElementTimes), 1,
                                     protocol::most_times)),
      lap_(process.now()),
      last_flush_(lap_) {}

std::uint64_t ResultStream::clock() {
  const auto now = std::chrono::nanoseconds(process_.now().time_since_epoch());
  return static_cast<std::uint64_t>(now.count());
}

void ResultStream::stamp() {
  end_element();  // one of a fold
  has_element_ = redirected_;
  const std::uint64_t now = times_.is_on() ? begin_element(clock()) : clock();
  ring_.page().clock.store(now, std::memory_order_release);
}

std::uint64_t ResultStream::begin_element(std::uint64_t now) {
  const std::uint64_t position = detail::RunAccess::next_position(*run_);
  times_.end_before(position, now);
  if (times_.is_due(now)) {
    close_frame(*run_);
    now = clock();
  }
  times_.begin(position, now);
  return now;
}

// Before its outcome is told: then the owner has what it has written.
void ResultStream::end_element() {
  if (!std::exchange(has_element_, false)) return;
  process_.end_if_copy();  // of which the owner knows nothing
  process_.end_element_output();
}

bool ResultStream::keeps(std::uint64_t position) {
  process_.end_if_copy();
  return protocol::keeps(ring_.page(), position);
}

std::uint64_t ResultStream::lap() {
  const auto now = process_.now();
  const auto elapsed = std::chrono::nanoseconds(now - lap_).count();
  lap_ = now;
  return static_cast<std::uint64_t>(elapsed);
}

void ResultStream::begin(detail::Run& run, const protocol::RunHeader& header,
                         const Reader& arguments) {
  run_ = &run;
  job_ = header.job;
  next_index_ = header.first;
  next_sequence_ = header.sequence;
  alone_ = false;
  const auto has = [&header](std::uint32_t flag) { return (header.flags & flag) != 0; };
  has_element_ = false;
  redirected_ = has(protocol::RunHeader::captured | protocol::RunHeader::prefixed) &&
                process_.redirect_output(header);
  const bool measured = has(protocol::RunHeader::measured);
  always_timed_ = has(protocol::RunHeader::timed) || redirected_;
  if (measured) times_.begin_chunk(header.sequence, clock());
  detail::RunAccess::begin(run, {.sink = this,
                                 .claimed = &ring_.page().claimed,
                                 .revocation = &ring_.page().revocation,
                                 .head = &ring_.page().head,
                                 .record_limit = std::min(largest_record, ring_.capacity() / 4),
                                 .sequence = header.sequence,
                                 .first = header.first,
                                 .count = header.count,
                                 .stride = header.stride,
                                 .attempt = header.attempt,
                                 .barrier = ring_.page().barrier_by_owner.load() == 0,
                                 .timed = always_timed_ || measured,
                                 .measured = measured,
                                 .raw_argument = has(protocol::RunHeader::raw_argument),
                                 .separate_calls = has(protocol::RunHeader::separate_calls),
                                 .arguments = arguments});
}

void ResultStream::report_alone() {
  close_frame(*run_);
  alone_ = true;
}

void ResultStream::end(detail::Run& run, const protocol::RunHeader& header) {
  close_frame(run);
  if (std::exchange(redirected_, false)) process_.restore_output();
  times_.end_chunk();
  if (next_sequence_ != header.sequence + header.count)
    acknowledge_revocation();  // a claim has failed
  if (logs_.has_some()) take_logs();
}

// The fence first: the owner stores it before it asks, so what is decided belongs to it, or to none
// yet. The word stays as it is until the owner has read `skipped`. While nothing is decided, or
// where the worker keeps what it has not come to (the owner could not tell what it had begun), a
// message is to come behind which it looks again.
void ResultStream::acknowledge_revocation() {
  WorkerPage& page = ring_.page();
  const std::uint64_t fence = page.fence.load(std::memory_order_acquire);
  if (fence == fence_) return;  // that has been said: the fence of another lies further on
  const std::uint64_t word = page.revocation.load(std::memory_order_acquire);
  if ((word & WorkerPage::decided) == 0) return;
  if (page.claimed.load(std::memory_order_relaxed) < protocol::kept_by(word)) return;
  fence_ = fence;
  page.claimed.store(fence_, std::memory_order_release);
  const protocol::SkippedHeader header{fence_};
  send(Type::skipped, std::as_bytes(std::span(&header, 1)));
}

protocol::ResultsHeader ResultStream::results_header(std::uint64_t count, std::uint32_t stride) {
  return {.job = job_,
          .first = next_index_,
          .sequence = next_sequence_,
          .count = count,
          .elapsed = 0,
          .stride = stride,
          .folded = 0};
}

void ResultStream::make_room(detail::Run& run, std::size_t count, std::uint32_t stride) {
  if (times_.is_on()) return make_measured_room(run, count, stride);
  open_next_frame(run, count, stride);
}

void ResultStream::open_next_frame(detail::Run& run, std::size_t count, std::uint32_t stride) {
  close_frame(run);
  end_element();
  if (ring_.is_much()) flush();
  ring_.wait_for_room(frame_overhead + count + room_for_times());
  open_frame(run, count, stride);
}

// It is asked for room at each element that is measured, and at the one before: the run knows of no
// more than that.
void ResultStream::make_measured_room(detail::Run& run, std::size_t count, std::uint32_t stride) {
  using detail::RunAccess;
  using Mode = ElementTimer::Mode;
  const std::uint64_t now = clock();
  times_.end(now);
  if (!is_open_ || RunAccess::left_before(run, frame_end_) < count)
    open_next_frame(run, count, stride);
  const Mode mode = times_.next(RunAccess::next_position(run), now);
  RunAccess::measure(run, always_timed_ || mode != Mode::passing, mode != Mode::passing);
  const auto passed = mode == Mode::passing ? static_cast<std::size_t>(times_.step() - 1) : 1;
  RunAccess::bound(run, std::min(RunAccess::left_before(run, frame_end_),
                                 count * std::max<std::size_t>(passed, 1)));
}

// It begins where the last one ends, and lies in one piece, because the ring is mapped twice.
void ResultStream::open_frame(detail::Run& run, std::size_t count, std::uint32_t stride) {
  const std::uint64_t start = ring_.closed();
  std::byte* const frame_start = ring_.page().at(start);
  const wire::FrameHeader frame{.type = static_cast<std::uint16_t>(Type::results)};
  const protocol::ResultsHeader header = results_header(0, stride);
  std::memcpy(frame_start, &frame, sizeof frame);
  std::memcpy(frame_start + sizeof frame, &header, sizeof header);
  open_stride_ = stride;
  is_open_ = true;
  const std::size_t least = frame_overhead + count;
  // Each element whose output is awaited asks for room before its result counts.
  const bool alone = std::exchange(alone_, false) || redirected_;
  const std::size_t most = alone ? 0 : ResultRingWriter::most_in_frame;
  const std::size_t size = std::min(ring_.room() - room_for_times(), std::max(most, least));
  frame_end_ = frame_start + size;
  ring_.page().head.store(start + frame_overhead, std::memory_order_release);
  detail::RunAccess::point(run, {frame_start + frame_overhead, frame_start + size},
                           start + frame_overhead);
}

void ResultStream::close_frame(detail::Run& run) {
  const std::size_t count = detail::RunAccess::close(run);
  if (!std::exchange(is_open_, false)) return send_times();
  const std::uint64_t start = ring_.closed(), end = ring_.head();
  protocol::ResultsHeader header = results_header(count, open_stride_);
  header.elapsed = lap();
  const wire::FrameHeader frame{.type = static_cast<std::uint16_t>(Type::results),
                                .length = end - start - sizeof(wire::FrameHeader)};
  std::memcpy(ring_.page().at(start), &frame, sizeof frame);
  std::memcpy(ring_.page().at(start) + sizeof frame, &header, sizeof header);
  ring_.close(put_times(end));  // seen together
  next_index_ += count;
  next_sequence_ += count;
}

// Behind the open frame.
std::size_t ResultStream::room_for_times() const noexcept {
  return times_.is_on() ? sizeof(wire::FrameHeader) + times_.most() * sizeof(protocol::ElementTimes)
                        : 0;
}

// There is room for them. Returns where they end.
std::uint64_t ResultStream::put_times(std::uint64_t position) noexcept {
  const auto rows = std::as_bytes(times_.rows());
  if (rows.empty()) return position;
  const wire::FrameHeader frame{.type = static_cast<std::uint16_t>(Type::times),
                                .length = rows.size()};
  std::memcpy(ring_.page().at(position), &frame, sizeof frame);
  std::memcpy(ring_.page().at(position) + sizeof frame, rows.data(), rows.size());
  times_.taken();
  return position + sizeof frame + rows.size();
}

void ResultStream::send_times() {
  if (times_.rows().empty()) return;
  ring_.wait_for_room(room_for_times());
  ring_.close(put_times(ring_.closed()));
}

void ResultStream::check_size(std::uint64_t length) const {
  if (length <= message_limit_) return;
  throw CodecError(CodecError::Direction::encode, "result",
                   "it takes " + std::to_string(length) + " bytes", message_limit_);
}

void ResultStream::put_large(detail::Run& run, std::span<const std::byte> record,
                             std::span<const std::byte> rest) {
  const std::uint64_t length = record.size() + rest.size();
  check_size(length);
  alone_ = false;  // it is, in this frame
  close_frame(run);
  end_element();
  if (times_.is_on()) times_.end(clock());
  if (length < decoded_in_place) send_times();
  protocol::ResultsHeader header = results_header(1, detail::variable_stride);
  header.elapsed = lap();
  detail::Bytes head;
  const std::size_t start = wire::begin_frame(head, static_cast<std::uint16_t>(Type::results));
  head.append(&header, sizeof header);
  head.append(&length, sizeof length);
  wire::finish_frame(head, start, length);
  ++next_index_;
  ++next_sequence_;
  ring_.append(head.view());
  ring_.append(record);
  ring_.append(rest);
  send_times();  // a caller that decodes it while it arrives finds nothing in front of it
  if (ring_.is_much()) flush();
}

// In place of an exception that the owner would not take.
void ResultStream::encode_too_large(detail::Bytes& encoded) const {
  const CodecError error(CodecError::Direction::encode, "exception",
                         "it takes " + std::to_string(encoded.size()) + " bytes", message_limit_);
  encoded.clear();
  wire::encode_exception(encoded, std::make_exception_ptr(error));
}

void ResultStream::fail(detail::Run& run) {
  alone_ = false;  // it is, in this frame
  if (times_.is_on()) times_.ran(clock());
  const bool retryable = detail::RunAccess::retryable(run);
  detail::Bytes encoded;
  wire::encode_exception(encoded, std::current_exception());
  if (encoded.size() + frame_overhead > message_limit_ + protocol::most_beside_a_result)
    encode_too_large(encoded);
  close_frame(run);
  end_element();
  if (times_.is_on()) times_.fail(next_sequence_, clock());
  send_times();
  const protocol::FailedHeader header{.job = job_,
                                      .index = next_index_++,
                                      .sequence = next_sequence_++,
                                      .elapsed = lap(),
                                      .retryable = retryable};
  detail::Bytes frame;
  protocol::append_message(frame, Type::failed, header, encoded.view());
  ring_.append(frame.view());
}

void ResultStream::abandon() {
  close_frame(*run_);  // what has ended before is the owner's
  flush();
  process_.end(exit_thread_ended);
}

void ResultStream::put_folded(detail::Run& run, std::size_t count,
                              std::span<const std::byte> record) {
  check_size(record.size());
  // Not one that was to be next, and has been taken back.
  if (times_.is_on()) times_.end_before(next_sequence_ + count, clock());
  close_frame(run);
  end_element();
  protocol::ResultsHeader header = results_header(count, detail::variable_stride);
  header.folded = 1;
  header.elapsed = lap();
  const std::uint64_t length = record.size();
  detail::Bytes frame;
  const std::size_t start = wire::begin_frame(frame, static_cast<std::uint16_t>(Type::results));
  frame.append(&header, sizeof header);
  frame.append(&length, sizeof length);
  frame.append(record.data(), record.size());
  wire::finish_frame(frame, start);
  next_index_ += count;
  next_sequence_ += count;
  ring_.append(frame.view());
}

// One at a time, each told of: the owner makes room when it reads of it.
void ResultStream::attach(detail::Run& run, std::span<const detail::DescriptorRef> descriptors) {
  if (descriptors.size() > protocol::most_attached)
    throw CodecError(CodecError::Direction::encode, "result",
                     "it has more than " + std::to_string(protocol::most_attached) +
                         " handles of shared objects");
  close_frame(run);
  for (const detail::DescriptorRef& descriptor : descriptors) {
    while (!process_.send_descriptor(job_, descriptor)) {
      flush();
      process_.wait_for_descriptor_channel();
    }
    send(Type::attached, {});
  }
}

void ResultStream::send(Type type, std::span<const std::byte> payload) {
  detail::Bytes frame;
  protocol::append_message(frame, type, payload);
  ring_.append(frame.view());
}

// Between two pieces of the user's code on the main thread no record is half written: whatever runs
// there, also code that encodes a result, may close the frame. So its last words before a crash are
// with the owner.
void ResultStream::log(const protocol::LogRecord& record) {
  logs_.put(record);
  // Nor does a process that the task has forked write here: page and socket are this one's.
  if (!process_.is_serving_thread()) return;
  if (run_ != nullptr) close_frame(*run_);
  flush();
}

void ResultStream::take_logs() {
  const detail::Bytes taken = logs_.take();
  ring_.append(taken.view());
}

void ResultStream::flush() {
  if (logs_.has_some()) take_logs();
  ring_.flush();
  last_flush_ = lap_;
}

void ResultStream::flush_if_due() {
  if (ring_.is_much() || lap_ - last_flush_ > flush_age) flush();
}

}  // namespace brood::worker

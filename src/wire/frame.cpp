#include "wire/frame.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>

#include <brood/detail/large_memory.hpp>
#include <brood/errors.hpp>

// buffer_.size() bytes of memory are in use as a buffer; [begin_, end_) of them hold what was
// received and not parsed. The memory never exceeds twice the unparsed bytes, or buffer_size_ where
// that is more, whatever a header claims.

namespace brood::wire {
namespace {

constexpr std::size_t header_size = sizeof(FrameHeader);

FrameHeader header_at(const std::byte* position) noexcept {
  FrameHeader header;
  std::memcpy(&header, position, sizeof header);
  return header;
}

// Checked before anything is computed from the length. No sum is formed: a length near 2^64 must
// not wrap.
bool is_sound(const FrameHeader& header, std::uint64_t limit) noexcept {
  return header.magic == FrameHeader::expected_magic && header.length <= limit;
}

[[noreturn]] void throw_unsound(const FrameHeader& header, std::uint64_t limit) {
  if (header.magic != FrameHeader::expected_magic) {
    throw CodecError(CodecError::Direction::decode, "frame",
                     "the stream is out of step, or the other end is not Brood: its next bytes are "
                     "no frame header");
  }
  throw CodecError(CodecError::Direction::decode, "frame",
                   "its header claims " + std::to_string(header.length) + " bytes", limit);
}

}  // namespace

std::optional<FrameHeader> header_of(std::span<const std::byte> bytes, std::uint64_t limit) {
  if (bytes.size() < header_size) return std::nullopt;
  const FrameHeader header = header_at(bytes.data());
  if (!is_sound(header, limit)) throw_unsound(header, limit);
  return header;
}

std::size_t begin_frame(detail::Bytes& target, std::uint16_t type) {
  const std::size_t position = target.size();
  FrameHeader header;
  header.type = type;
  target.append(&header, sizeof header);
  return position;
}

void finish_frame(detail::Bytes& target, std::size_t position, std::uint64_t extra) noexcept {
  const std::uint64_t length = target.size() - position - header_size + extra;
  std::memcpy(target.data() + position + offsetof(FrameHeader, length), &length, sizeof length);
}

FrameParser::FrameParser(std::size_t buffer_size, std::uint64_t limit)
    : buffer_size_(std::max(buffer_size, header_size)), limit_(limit) {
  buffer_.reserve(buffer_size_);
  buffer_.extend(buffer_size_);
}

std::span<std::byte> FrameParser::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  const std::size_t tail = buffer_.size() - end_;
  // Moving pays when it frees at least as much as it moves: then no byte is moved more than once on
  // average.
  if (tail < buffer_size_ / 4 && begin_ >= pending()) compact();
  if (end_ == buffer_.size()) {
    compact();
    grow();
  }
  return {buffer_.data() + end_, buffer_.size() - end_};
}

void FrameParser::compact() noexcept {
  if (begin_ == 0) return;
  std::memmove(buffer_.data(), buffer_.data() + begin_, pending());
  end_ -= begin_;
  begin_ = 0;
}

// To twice what has arrived, or to the end of the frame that is arriving where that is nearer.
void FrameParser::grow() {
  std::size_t wanted = 2 * pending();
  if (pending() >= header_size) {
    const FrameHeader header = header_at(buffer_.data() + begin_);
    if (header.length < wanted - header_size && !has_frame())
      wanted = static_cast<std::size_t>(header.length) + header_size;
  }
  if (wanted <= buffer_.size()) return;
  buffer_.reserve(wanted);
  buffer_.extend(wanted - buffer_.size());
  if (wanted >= detail::large_memory) detail::advise_large(buffer_.data(), buffer_.size());
}

void FrameParser::filled(std::size_t count) noexcept { end_ += count; }

std::optional<Frame> FrameParser::next() {
  const std::span<const std::byte> bytes = unparsed();
  const auto header = header_of(bytes, limit_);
  if (!header || header->length > bytes.size() - header_size) return std::nullopt;
  const auto length = static_cast<std::size_t>(header->length);
  begin_ += header_size + length;
  return Frame{header->type, bytes.subspan(header_size, length)};
}

std::optional<FrameParser::Unfinished> FrameParser::unfinished(std::size_t length) const {
  const auto header = header_of(unparsed(), limit_);
  if (!header) return std::nullopt;
  const std::span<const std::byte> here = unparsed().subspan(header_size);
  if (header->length < length || header->length <= here.size()) return std::nullopt;
  return Unfinished{{header->type, here}, static_cast<std::size_t>(header->length) - here.size()};
}

void FrameParser::pass_over_unfinished() noexcept { begin_ = end_; }

bool FrameParser::has_frame() const {
  if (pending() < header_size) return false;
  const FrameHeader header = header_at(buffer_.data() + begin_);
  return !is_sound(header, limit_) || header.length <= pending() - header_size;
}

std::size_t FrameParser::pending() const noexcept { return end_ - begin_; }

void FrameParser::shrink() noexcept {
  if (buffer_.size() <= buffer_size_ || pending() > buffer_size_) return;
  try {
    detail::Bytes smaller;
    smaller.reserve(buffer_size_);
    smaller.append(buffer_.data() + begin_, pending());
    smaller.extend(buffer_size_ - pending());
    end_ = pending();
    begin_ = 0;
    buffer_ = std::move(smaller);
  } catch (const std::bad_alloc&) {
    // The large buffer serves as well.
  }
}

}  // namespace brood::wire

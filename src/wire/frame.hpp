#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <brood/detail/bytes.hpp>

namespace brood::wire {

/// What a channel carries is a sequence of frames: this header, then `length` bytes.
struct FrameHeader {
  static constexpr std::uint32_t expected_magic =
      0x42524f44;  // "BROD": garbage is seen at the first frame
  std::uint32_t magic = expected_magic;
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint64_t length = 0;  // bytes that follow
};
static_assert(sizeof(FrameHeader) == 16);

inline constexpr std::uint64_t default_frame_limit = std::uint64_t{1} << 40;  // bytes: 1 TiB

/// Appends a header with length 0 and returns its position, for finish_frame.
std::size_t begin_frame(detail::Bytes& target, std::uint16_t type);
/// Sets the length of the frame that began at `position` to everything that follows it, plus
/// `extra` bytes that are written to the channel from elsewhere.
void finish_frame(detail::Bytes& target, std::size_t position, std::uint64_t extra = 0) noexcept;

/// The header at the start of these bytes; nothing where it has not arrived. Throws CodecError for
/// a bad magic or a length over the limit: the stream is of no use after that.
std::optional<FrameHeader> header_of(std::span<const std::byte> bytes,
                                     std::uint64_t limit = default_frame_limit);

/// A frame whose payload lies in the parser's memory; valid until the parser is used again.
struct Frame {
  std::uint16_t type;
  std::span<const std::byte> payload;
};

/// Cuts a byte stream into frames. Pure: the caller reads the bytes.
///   auto room = parser.room();  n = read(fd, room.data(), room.size());  parser.filled(n);
///   while (auto frame = parser.next()) …
/// A frame larger than the buffer gets memory of its own that grows with the bytes that have
/// arrived, never with the length that a header claims.
class FrameParser {
 public:
  explicit FrameParser(std::size_t buffer_size = 256 * 1024,
                       std::uint64_t limit = default_frame_limit);
  /// Where the next bytes of the stream go: never empty. May move what has been buffered, so frames
  /// got before are invalid.
  std::span<std::byte> room();
  void filled(std::size_t count) noexcept;
  /// The next whole frame, if it has arrived. Throws as header_of().
  std::optional<Frame> next();
  /// The start of a frame of at least `length` bytes, of which some are missing: what there is of
  /// its payload. Throws as next() does.
  struct Unfinished {
    Frame frame;
    std::size_t missing;
  };
  std::optional<Unfinished> unfinished(std::size_t length) const;
  /// The caller reads the missing bytes of the unfinished frame.
  void pass_over_unfinished() noexcept;
  /// Whether next() has something to say: a whole frame is buffered, or a header that it will throw
  /// for.
  bool has_frame() const;
  /// Bytes received that belong to no frame returned so far.
  std::size_t pending() const noexcept;
  /// Gives memory of past large frames back to the system.
  void shrink() noexcept;

 private:
  std::span<const std::byte> unparsed() const noexcept {
    return {buffer_.data() + begin_, end_ - begin_};
  }
  void compact() noexcept;
  void grow();

  detail::Bytes buffer_;  // see frame.cpp: [begin_, end_) holds unparsed bytes
  std::size_t begin_ = 0, end_ = 0, buffer_size_;
  std::uint64_t limit_;
};

}  // namespace brood::wire

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/messages.hpp"
#include "wire/frame.hpp"

namespace brood::protocol {

/// What a worker's stream says; called by ParentSide in the order of the stream.
class ParentEvents {
 public:
  virtual void on_greeting(const GreetingHeader& greeting) = 0;
  virtual void on_ready() = 0;
  /// `exception` is encoded by wire::encode_exception.
  virtual void on_start_failed(std::span<const std::byte> exception) = 0;
  /// `reason` is text.
  virtual void on_sandbox_failed(std::string_view reason) = 0;
  virtual void on_results(const ResultsHeader& header, std::span<const std::byte> results) = 0;
  /// One or more, in the order of the sequence, each told once: of elements that have been reported
  /// or not. Throws CodecError where nothing of the kind was asked for.
  virtual void on_times(std::span<const ElementTimes> times) = 0;
  virtual void on_failed(const FailedHeader& header, std::span<const std::byte> exception) = 0;
  /// Throws CodecError where no revocation with this fence waits for its acknowledgement.
  virtual void on_skipped(std::uint64_t fence) = 0;
  /// The descriptor of a shared object in the next result waits on the descriptor channel. Throws
  /// CodecError where that is not so, or where there are too many.
  virtual void on_attached() = 0;
  /// The worker has grown beyond its limit of resident memory. Throws CodecError where it has none.
  virtual void on_exhausted() = 0;
  virtual void on_log(const LogRecord& record) = 0;

 protected:
  ~ParentEvents() = default;
};

/// Bytes that the first `count` results take in `data`. Throws CodecError when it has not so many.
std::size_t extent_of_results(std::uint32_t stride, std::uint64_t count,
                              std::span<const std::byte> data);

/// The owner's end of one channel: frames in, events out. Pure. Each element's outcome is reported
/// once, also when it has been read from a frame that was still open, and comes again when that is
/// closed. What it reports fits together: README.md lists what it has checked then, and what is
/// left to its listener.
class ParentSide {
 public:
  /// What the worker has said so far, which decides what it may say next.
  enum class Stage : std::uint8_t { greeting, initializing, tasks, failed };
  explicit ParentSide(std::uint64_t message_limit, Stage stage = Stage::greeting)
      : parser_(64 * 1024, message_limit), limit_(message_limit), stage_(stage) {}

  /// The buffer for what is not parsed in place.
  wire::FrameParser& stream() noexcept { return parser_; }
  /// Reports what whole frames have arrived. Throws CodecError for a stream that no worker of ours
  /// writes; the channel is of no use after that.
  void parse(ParentEvents& events);
  /// Reports the whole frames of results of a fixed size at the beginning of `bytes`, which follow
  /// in the stream and lie where their writer may still change them; returns how many bytes they
  /// take. Other frames are to be copied into stream(). Only between frames. Throws as parse().
  std::size_t parse_in_place(std::span<const std::byte> bytes, ParentEvents& events);
  /// The beginning of a frame with one result, whose size is not fixed.
  struct LargeResult {
    ResultsHeader header;
    std::uint64_t size;  // bytes, which follow
    static constexpr std::size_t headers =
        sizeof(wire::FrameHeader) + sizeof(ResultsHeader) + sizeof(std::uint64_t);
  };
  /// Such a frame of at least `least` bytes, if `bytes` begin with one, which follow in the stream.
  /// Only between frames. Throws as parse().
  std::optional<LargeResult> large_result(std::span<const std::byte> bytes,
                                          std::uint64_t least) const;
  /// It has been read from the stream, and its listener reports it. Throws as parse().
  void took(const LargeResult& result);
  /// Whether a frame that is being filled comes next: none has arrived in part.
  bool is_between_frames() const noexcept { return parser_.pending() == 0; }
  /// Reports the results in a frame that is still being filled, which comes next in the stream.
  void open_frame(std::span<const std::byte> frame, ParentEvents& events);
  /// Position of the first element without a reported outcome.
  std::uint64_t resolved() const noexcept { return resolved_; }

 private:
  void dispatch(const wire::Frame& frame, ParentEvents& events);
  void start_up(Type type, std::span<const std::byte> payload, ParentEvents& events);
  void task(Type type, std::span<const std::byte> payload, ParentEvents& events);
  void pass(Stage from, Stage to);
  void greeting(std::span<const std::byte> payload, ParentEvents& events);
  void times(std::span<const std::byte> payload, ParentEvents& events);
  void exhausted(std::span<const std::byte> payload, ParentEvents& events);
  void skipped(std::span<const std::byte> payload, ParentEvents& events);
  void results(const ResultsHeader& header, std::span<const std::byte> data, ParentEvents& events);
  void report(ResultsHeader header, std::span<const std::byte> data, ParentEvents& events);
  void failed(std::span<const std::byte> payload, ParentEvents& events);
  void expect(std::uint64_t sequence) const;

  wire::FrameParser parser_;
  std::uint64_t limit_;  // bytes of a frame
  Stage stage_;
  bool exhausted_ = false;
  std::uint64_t resolved_ = 0;
  std::uint64_t timed_ = 0;  // position behind the last element whose times have been told
};

}  // namespace brood::protocol

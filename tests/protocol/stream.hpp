#pragma once

#include <brood/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "protocol/messages.hpp"
#include "protocol/parent_side.hpp"
#include "support/feed.hpp"

namespace brood::protocol {

/// Writes down what ParentSide reports.
class Events final : public ParentEvents {
 public:
  struct Outcome {
    std::uint64_t job, index, sequence;
    bool failed;
    bool operator==(const Outcome&) const = default;
  };
  void on_greeting(const GreetingHeader&) override { ++greetings; }
  void on_ready() override { ++readies; }
  void on_start_failed(std::span<const std::byte>) override { ++start_failures; }
  void on_sandbox_failed(std::string_view) override { ++start_failures; }
  void on_results(const ResultsHeader& header, std::span<const std::byte> results) override {
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(header.count, 1000); ++i)
      outcomes.push_back({header.job, header.first + i, header.sequence + i, false});
    elapsed += header.elapsed;
    bytes.insert(bytes.end(), results.begin(), results.end());
  }
  void on_failed(const FailedHeader& header, std::span<const std::byte>) override {
    outcomes.push_back({header.job, header.index, header.sequence, true});
  }
  void on_skipped(std::uint64_t fence) override { fences.push_back(fence); }
  void on_attached() override {}
  void on_times(std::span<const ElementTimes> times) override {
    timed.insert(timed.end(), times.begin(), times.end());
  }
  void on_exhausted() override {}
  void on_log(const LogRecord& record) override { logs.push_back(record.text); }

  int greetings = 0, readies = 0, start_failures = 0;
  std::vector<Outcome> outcomes;
  std::vector<std::byte> bytes;
  std::vector<ElementTimes> timed;
  std::vector<std::uint64_t> fences;
  std::vector<std::string> logs;
  std::uint64_t elapsed = 0;
};

/// Builds what a worker of job 1 would write: element i at position i of its sequence.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream& other) : open_at(other.open_at), bytes_(other.bytes_.view()) {}
  Stream& operator=(const Stream&) = delete;
  Stream& results(std::uint64_t sequence, std::uint64_t count) {
    const std::size_t start = begin(sequence, count, sizeof(std::uint64_t));
    for (std::uint64_t i = 0; i < count; ++i) number(1000 + sequence + i);
    wire::finish_frame(bytes_, start);
    return *this;
  }
  /// Results with their length in front; result i has `i` bytes.
  Stream& texts(std::uint64_t sequence, std::uint64_t count) {
    const std::size_t start = begin(sequence, count, detail::variable_stride);
    for (std::uint64_t i = sequence; i < sequence + count; ++i) text(i);
    wire::finish_frame(bytes_, start);
    return *this;
  }
  Stream& folded(std::uint64_t sequence, std::uint64_t count) {
    const std::size_t start = begin(sequence, count, detail::variable_stride, 1);
    text(8);
    wire::finish_frame(bytes_, start);
    return *this;
  }
  Stream& failed(std::uint64_t sequence) {
    append_message(bytes_, Type::failed, FailedHeader{1, sequence, sequence, 5, 0});
    return *this;
  }
  Stream& skipped(std::uint64_t fence) {
    append_message(bytes_, Type::skipped, SkippedHeader{fence});
    return *this;
  }
  Stream& log(const std::string& line) {
    encode_log(bytes_, {1, "test", line});
    return *this;
  }
  /// A frame that is still being filled: count and length are not set.
  Stream& open(std::uint64_t sequence, std::uint64_t done, std::uint32_t stride) {
    open_at = bytes_.size();
    begin(sequence, 0, stride);
    for (std::uint64_t i = sequence; i < sequence + done; ++i) {
      if (stride == detail::variable_stride) {
        text(i);
      } else {
        number(1000 + i);
      }
    }
    return *this;
  }
  /// Half of a result in the open frame.
  Stream& half() {
    const std::uint64_t length = 100;
    bytes_.append(&length, sizeof length / 2);
    return *this;
  }

  std::span<const std::byte> view() const { return bytes_.view(); }
  detail::Bytes bytes() const { return detail::Bytes(bytes_.view()); }
  std::size_t size() const { return bytes_.size(); }
  /// What the owner may read, and the open frame behind it.
  std::span<const std::byte> closed() const { return view().first(open_at.value_or(size())); }
  std::span<const std::byte> filling() const { return view().subspan(open_at.value_or(size())); }
  std::optional<std::size_t> open_at;

 private:
  std::size_t begin(std::uint64_t sequence, std::uint64_t count, std::uint32_t stride,
                    std::uint32_t folded = 0) {
    const std::size_t start = wire::begin_frame(bytes_, static_cast<std::uint16_t>(Type::results));
    const ResultsHeader header{1, sequence, sequence, count, count * 10, stride, folded};
    bytes_.append(&header, sizeof header);
    return start;
  }
  void number(std::uint64_t value) { bytes_.append(&value, sizeof value); }
  void text(std::uint64_t length) {
    number(length);
    const std::string text(length, 'x');
    bytes_.append(text.data(), text.size());
  }
  detail::Bytes bytes_;
};

/// Has the owner read all of it, as from the ring of a page.
inline void read_all(ParentSide& side, const Stream& stream, Events& events) {
  testing::feed(side.stream(), stream.closed());
  side.parse(events);
  if (!stream.filling().empty()) side.open_frame(stream.filling(), events);
}

inline std::vector<Events::Outcome> elements(std::uint64_t first, std::uint64_t last) {
  std::vector<Events::Outcome> outcomes;
  for (std::uint64_t i = first; i < last; ++i) outcomes.push_back({1, i, i, false});
  return outcomes;
}

}  // namespace brood::protocol

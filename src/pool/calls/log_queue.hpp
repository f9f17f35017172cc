#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "protocol/messages.hpp"

namespace brood::pool {

/// Log records on their way to the owner's log, in bounded memory. A record that finds no room is
/// dropped and counted: neither worker nor dispatcher waits for a slow sink. Pure.
class LogQueue {
 public:
  static constexpr std::size_t most_of_one = std::size_t{16} << 20;  // bytes, of one source
  static constexpr std::size_t most_of_all = std::size_t{64} << 20;

  /// Where records come from: a worker, or, without a name, the library itself.
  class Source {
   public:
    explicit Source(std::string name) : name_(std::move(name)) {}
    const std::string& name() const noexcept { return name_; }

   private:
    friend class LogQueue;
    const std::string name_;
    std::size_t entries_ = 0, bytes_ = 0;  // in the queue
    std::uint64_t dropped_ = 0;            // and not reported yet
    bool dropping_ = false;                // until half of the room is free again
  };
  using SourceRef = std::shared_ptr<Source>;

  struct Line {
    SourceRef source;
    std::uint64_t dropped_before = 0;  // records of the source
    std::optional<protocol::LogRecord> record;
    std::uint64_t dropped_after = 0;
  };

  bool empty() const noexcept { return entries_.empty(); }
  void push(const SourceRef& source, const protocol::LogRecord& record) noexcept;
  /// The oldest; there must be one.
  Line pop() noexcept;
  /// Drops and counts all records; a line for each source stays.
  void drop_all() noexcept;

 private:
  struct Entry {
    SourceRef source;
    std::uint64_t dropped_before = 0;
    std::optional<protocol::LogRecord> record;  // nothing: only for what is reported with it
    std::size_t bytes = 0;
  };
  bool has_room(Source& source, std::size_t size) const noexcept;
  bool append(const SourceRef& source, const protocol::LogRecord* record,
              std::size_t size) noexcept;

  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace brood::pool

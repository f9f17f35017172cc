#include "pool/calls/log_queue.hpp"

#include <exception>
#include <utility>

namespace brood::pool {

namespace {
constexpr std::size_t overhead = 64;  // bytes that the allocator takes for the texts of a record
}

bool LogQueue::has_room(Source& source, std::size_t size) const noexcept {
  const std::size_t share = source.dropping_ ? 2 : 1;
  return source.bytes_ + size <= most_of_one / share && bytes_ + size <= most_of_all / share;
}

bool LogQueue::append(const SourceRef& source, const protocol::LogRecord* record,
                      std::size_t size) noexcept {
  try {
    Entry entry{source, source->dropped_, std::nullopt, size};
    if (record != nullptr) entry.record = *record;
    entries_.push_back(std::move(entry));
  } catch (const std::exception&) {
    return false;
  }
  source->dropped_ = 0;
  ++source->entries_;
  source->bytes_ += size;
  bytes_ += size;
  return true;
}

void LogQueue::push(const SourceRef& source, const protocol::LogRecord& record) noexcept {
  const std::size_t size = sizeof(Entry) + overhead + record.text.size() + record.logger.size();
  const bool room = has_room(*source, size);
  source->dropping_ = !room || !append(source, &record, size);
  if (!source->dropping_) return;
  ++source->dropped_;
  // Else reported with what is there of the source.
  if (source->entries_ == 0) append(source, nullptr, 0);
}

LogQueue::Line LogQueue::pop() noexcept {
  Entry entry = std::move(entries_.front());
  entries_.pop_front();
  Source& source = *entry.source;
  source.bytes_ -= entry.bytes;
  bytes_ -= entry.bytes;
  Line line{entry.source, entry.dropped_before, std::move(entry.record), 0};
  if (--source.entries_ == 0) line.dropped_after = std::exchange(source.dropped_, 0);
  if (!line.record) line.dropped_after += std::exchange(line.dropped_before, 0);
  return line;
}

// The last entry of each source stays for its count.
void LogQueue::drop_all() noexcept {
  for (Entry& entry : entries_) {
    Source& source = *entry.source;
    source.dropped_ += entry.dropped_before + (entry.record ? 1 : 0);
    source.bytes_ -= entry.bytes;
    bytes_ -= entry.bytes;
    entry.record.reset();
    entry.dropped_before = entry.bytes = 0;
  }
  std::erase_if(entries_, [](const Entry& entry) {
    if (entry.source->entries_ == 1) return false;
    --entry.source->entries_;
    return true;
  });
}

}  // namespace brood::pool

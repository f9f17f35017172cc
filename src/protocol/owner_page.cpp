#include "protocol/owner_page.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include <brood/errors.hpp>

namespace brood::protocol {

namespace {

void demand(bool condition, const char* reason) {
  if (!condition) throw CodecError(CodecError::Direction::decode, "page of a worker", reason);
}

/// The words about the buffer, as they are at one moment or another.
struct Buffer {
  std::uint64_t base, open, head;
  bool operator==(const Buffer&) const = default;
};

// Each of them by itself: together they make sense only where they have not moved.
Buffer read_buffer(const WorkerPage& page) {
  Buffer buffer{};
  buffer.base = page.base.load(std::memory_order_acquire);
  buffer.open = page.open.load(std::memory_order_acquire);
  buffer.head = page.head.load(std::memory_order_acquire);
  demand(buffer.head <= WorkerPage::buffer_size, "more results than there is room for");
  demand(buffer.open <= WorkerPage::buffer_size + 1, "an open frame beyond its buffer");
  return buffer;
}

PageSnapshot to_snapshot(const Buffer& buffer, const std::vector<std::byte>& storage) {
  demand(buffer.open <= buffer.head + 1, "an open frame behind the results");
  PageSnapshot snapshot{buffer.base, std::nullopt, storage};
  if (buffer.open != 0) snapshot.open = static_cast<std::size_t>(buffer.open - 1);
  return snapshot;
}

}  // namespace

std::uint64_t claimed(const WorkerPage& page) noexcept {
  return page.claimed.load(std::memory_order_acquire) & ~WorkerPage::revoked;
}

PageSnapshot last_copy(const WorkerPage& page, std::vector<std::byte>& storage) {
  const Buffer buffer = read_buffer(page);
  storage.assign(page.buffer, page.buffer + buffer.head);
  return to_snapshot(buffer, storage);
}

// Behind a revocation the worker goes nowhere but to its fence.
PageWatch::Look PageWatch::look(const WorkerPage& page, const Known& known) {
  const std::uint64_t word = page.claimed.load(std::memory_order_acquire);
  const std::uint64_t clock = page.clock.load(std::memory_order_acquire);
  const std::uint64_t claimed = word & ~WorkerPage::revoked;
  const bool revoked = word != claimed;
  demand(!doubted_, "it has claimed what it was not sent, or less than before");
  if (fence_) {
    demand(revoked ? claimed == claimed_ : claimed == *fence_, "it goes on behind a revocation");
    return {claimed, clock};
  }
  demand(!revoked, "a revocation that is not the owner's");
  demand(claimed <= known.sent, "it has claimed what it was not sent");
  demand(claimed >= claimed_, "it has claimed less than before");
  demand(claimed >= known.resolved, "it has told outcomes of what it has not claimed");
  claimed_ = claimed;
  return {claimed, clock};
}

std::optional<PageSnapshot> PageWatch::copy(const WorkerPage& page,
                                            std::vector<std::byte>& storage) {
  const std::uint64_t begun = page.claimed.load(std::memory_order_acquire);
  const Buffer before = read_buffer(page);
  demand(before.base >= base_, "its stream goes backwards");
  if (before.head == 0) return std::nullopt;
  storage.assign(page.buffer, page.buffer + before.head);
  std::atomic_thread_fence(std::memory_order_acq_rel);
  const Buffer after = read_buffer(page);
  if (after != before || page.claimed.load(std::memory_order_acquire) != begun) return std::nullopt;
  check_position(before.base, before.head);
  return to_snapshot(before, storage);
}

// In one place of the stream the buffer only grows, until it is written and empty.
void PageWatch::check_position(std::uint64_t base, std::uint64_t head) {
  demand(base > base_ || head >= head_, "its results go backwards");
  base_ = base;
  head_ = head;
}

// By one addition: a loop of compare-exchanges would last for as long as the worker wants.
std::uint64_t PageWatch::revoke(WorkerPage& page, std::uint64_t fence) noexcept {
  page.fence.store(fence, std::memory_order_release);
  const std::uint64_t word = page.claimed.fetch_add(WorkerPage::revoked, std::memory_order_acq_rel);
  fence_ = fence;
  if (word < claimed_ || word > fence) {
    doubted_ = true;
    return fence;
  }
  claimed_ = word;
  return word;
}

void PageWatch::acknowledged() noexcept {
  if (fence_) claimed_ = *std::exchange(fence_, std::nullopt);
}

}  // namespace brood::protocol

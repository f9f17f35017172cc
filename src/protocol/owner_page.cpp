#include "protocol/owner_page.hpp"

#include <algorithm>
#include <atomic>

namespace brood::protocol {

std::uint64_t claimed(const WorkerPage& page) noexcept {
  return page.claimed.load(std::memory_order_acquire) & ~WorkerPage::revoked;
}

std::uint64_t revoke(WorkerPage& page, std::uint64_t fence) noexcept {
  page.fence.store(fence, std::memory_order_release);
  std::uint64_t begun = page.claimed.load(std::memory_order_acquire);
  while (!page.claimed.compare_exchange_weak(begun, begun | WorkerPage::revoked,
                                             std::memory_order_acq_rel)) {
  }
  return begun & ~WorkerPage::revoked;
}

PageSnapshot snapshot(const WorkerPage& page) noexcept {
  const std::uint64_t open = page.open.load(std::memory_order_acquire);
  const std::uint64_t head =
      std::min<std::uint64_t>(page.head.load(std::memory_order_acquire), WorkerPage::buffer_size);
  PageSnapshot snapshot{
      page.base.load(std::memory_order_acquire), std::nullopt, {page.buffer, head}};
  if (open != 0 && open - 1 <= head) snapshot.open = open - 1;
  return snapshot;
}

std::optional<PageSnapshot> stable_copy(const WorkerPage& page, std::vector<std::byte>& storage) {
  const std::uint64_t begun = page.claimed.load(std::memory_order_acquire);
  const PageSnapshot before = snapshot(page);
  if (before.contents.empty()) return std::nullopt;
  storage.assign(before.contents.begin(), before.contents.end());
  std::atomic_thread_fence(std::memory_order_acq_rel);
  const PageSnapshot after = snapshot(page);
  if (page.claimed.load(std::memory_order_acquire) != begun || after.base != before.base ||
      after.open != before.open || after.contents.size() != before.contents.size()) {
    return std::nullopt;
  }
  return PageSnapshot{before.base, before.open, storage};
}

}  // namespace brood::protocol

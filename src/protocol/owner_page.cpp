#include "protocol/owner_page.hpp"

#include <atomic>
#include <utility>

#include "protocol/page_check.hpp"

namespace brood::protocol {

std::uint64_t claimed(const WorkerPage& page) noexcept {
  return page.claimed.load(std::memory_order_acquire) & ~WorkerPage::revoked;
}

// Behind a revocation the worker goes nowhere but to its fence.
PageWatch::Look PageWatch::look(const WorkerPage& page, const Known& known) {
  const std::uint64_t word = page.claimed.load(std::memory_order_acquire);
  const std::uint64_t clock = page.clock.load(std::memory_order_acquire);
  const std::uint64_t claimed = word & ~WorkerPage::revoked;
  const bool revoked = word != claimed;
  demand_of_page(!doubted_, "it has claimed what it was not sent, or less than before");
  if (fence_) {
    demand_of_page(revoked ? claimed == claimed_ : claimed == *fence_,
                   "it goes on behind a revocation");
    return {claimed, clock};
  }
  demand_of_page(!revoked, "a revocation that is not the owner's");
  demand_of_page(claimed <= known.sent, "it has claimed what it was not sent");
  demand_of_page(claimed >= claimed_, "it has claimed less than before");
  demand_of_page(claimed >= known.resolved, "it has told outcomes of what it has not claimed");
  claimed_ = claimed;
  return {claimed, clock};
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

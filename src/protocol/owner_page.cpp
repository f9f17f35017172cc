#include "protocol/owner_page.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "protocol/page_check.hpp"
#include "protocol/revocation.hpp"

namespace brood::protocol {

std::uint64_t PageWatch::begun(const WorkerPage& page) const noexcept {
  const std::uint64_t claimed = page.claimed.load(std::memory_order_acquire);
  return fence_ ? std::min(claimed, kept_) : claimed;
}

PageWatch::Look PageWatch::look(const WorkerPage& page, const Known& known) {
  std::uint64_t claimed = page.claimed.load(std::memory_order_acquire);
  const std::uint64_t clock = page.clock.load(std::memory_order_acquire);
  const std::uint64_t word = page.revocation.load(std::memory_order_acquire);
  demand_of_page(!doubted_, "its owner could not tell which elements it has begun");
  demand_of_page(claimed >= claimed_, "it has claimed less than before");
  if (fence_) {
    check_revoked(claimed, word);
    claimed = std::min(claimed, kept_);
  } else {
    demand_of_page(word == WorkerPage::not_revoked, "a revocation that is not the owner's");
  }
  demand_of_page(claimed <= known.sent, "it has claimed what it was not sent");
  demand_of_page(claimed >= known.resolved, "it has told outcomes of what it has not claimed");
  claimed_ = claimed;
  return {claimed, clock};
}

// Behind what it keeps the worker goes nowhere but to its fence. It claims one element more before
// it finds that this is not its own.
void PageWatch::check_revoked(std::uint64_t claimed, std::uint64_t word) const {
  demand_of_page(word == (WorkerPage::decided | kept_), "a revocation that is not the owner's");
  demand_of_page(claimed <= kept_ + 1 || claimed == *fence_, "it goes on behind a revocation");
}

void PageWatch::ask(WorkerPage& page, std::uint64_t fence) noexcept {
  page.fence.store(fence, std::memory_order_release);
  page.revocation.store(WorkerPage::asked, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  fence_ = fence;
}

// In one step: a loop would last for as long as the worker wants. What is decided is no less than
// what the worker had claimed when it was last seen. A decision of the worker's needs no barrier.
std::uint64_t PageWatch::decide(WorkerPage& page, Barrier barrier) noexcept {
  const std::uint64_t claimed = page.claimed.load(std::memory_order_acquire);
  const auto makes_sense = [this](std::uint64_t begun) {
    return begun >= claimed_ && begun <= *fence_;
  };
  const bool is_known = barrier == Barrier::passed && makes_sense(claimed);
  const std::uint64_t own = WorkerPage::decided | (is_known ? claimed : *fence_);
  const std::uint64_t word = protocol::decide(page, kept_by(own));
  kept_ = kept_by(word);
  const bool is_decided = (word & WorkerPage::decided) != 0;
  doubted_ |=
      !is_decided || !makes_sense(claimed) || !makes_sense(kept_) || (word == own && !is_known);
  if (doubted_) return *fence_;
  claimed_ = std::min(claimed, kept_);
  return kept_;
}

void PageWatch::acknowledged(WorkerPage& page) noexcept {
  if (!fence_) return;
  claimed_ = *std::exchange(fence_, std::nullopt);
  page.revocation.store(WorkerPage::not_revoked, std::memory_order_release);
}

}  // namespace brood::protocol

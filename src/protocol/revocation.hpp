#pragma once

#include <atomic>
#include <cstdint>

#include "protocol/page.hpp"

// What a revocation covers, which owner and worker find out together. The worker claims an element
// by a plain store, and then looks whether a revocation has been asked for; the owner asks, has a
// memory barrier in both, and then looks at the claims. So one of the two sees the other, or both
// do: then the one that is first to store what it sees has decided. README.md, "Revocation".
namespace brood::protocol {

/// The revocation that has been asked for covers what comes behind `kept` elements, unless the
/// other side has decided. Returns what is decided: `WorkerPage::decided` and the elements kept.
inline std::uint64_t decide(WorkerPage& page, std::uint64_t kept) noexcept {
  std::uint64_t word = WorkerPage::asked;
  const std::uint64_t decision = WorkerPage::decided | kept;
  if (page.revocation.compare_exchange_strong(word, decision, std::memory_order_acq_rel,
                                              std::memory_order_acquire))
    return decision;
  return word;
}

/// The elements kept, of a word that is decided.
constexpr std::uint64_t kept_by(std::uint64_t word) noexcept { return word & ~WorkerPage::decided; }

/// Whether a worker that has claimed the element at `position`, and has found a revocation, keeps
/// it.
inline bool keeps(WorkerPage& page, std::uint64_t position) noexcept {
  std::uint64_t word = page.revocation.load(std::memory_order_acquire);
  if (word == WorkerPage::asked) word = decide(page, position + 1);
  return position < kept_by(word);
}

}  // namespace brood::protocol

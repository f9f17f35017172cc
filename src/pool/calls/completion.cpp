#include "pool/calls/completion.hpp"

#include <algorithm>
#include <chrono>
#include <climits>

#include <brood/errors.hpp>
#include "platform/futex.hpp"
#include "platform/process.hpp"

namespace brood::pool {

Completion::Completion() : generation_(platform::fork_generation()) {}

void Completion::check_process() const {
  if (generation_ == platform::fork_generation()) return;
  throw UsageError(
      "brood: this result belongs to the process that this one was forked from, and was not ready "
      "then; wait for it there");
}

Completion::Awake Completion::sleep(std::uint32_t seen, const detail::Deadline& deadline,
                                    Until until) {
  constexpr std::chrono::seconds look_up{1};
  check_process();
  Waiters& waiters = until == Until::end ? waiting_for_end_ : waiting_for_pieces_;
  const auto next_look = std::chrono::steady_clock::now() + look_up;
  const bool is_last = deadline && *deadline <= next_look;
  waiters.fetch_add(1, std::memory_order_seq_cst);
  const bool in_time = platform::futex_wait(signal_, seen, is_last ? deadline : next_look);
  waiters.fetch_sub(1, std::memory_order_relaxed);
  if (in_time) return Awake::by_event;
  return is_last ? Awake::by_deadline : Awake::to_look_up;
}

void Completion::notify_piece() noexcept {
  signal_.fetch_add(event, std::memory_order_seq_cst);
  if (waiting_for_pieces_.load(std::memory_order_seq_cst) != 0) wake();
}

void Completion::notify_end() noexcept {
  signal_.fetch_add(event, std::memory_order_seq_cst);
  if (waiting_for_pieces_.load(std::memory_order_seq_cst) != 0 ||
      waiting_for_end_.load(std::memory_order_seq_cst) != 0)
    wake();
}

void Completion::wake() noexcept { platform::futex_wake(signal_, INT_MAX); }

}  // namespace brood::pool

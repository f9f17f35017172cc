#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/page.hpp"

// What the owner does with a worker's claims. Pure but for the page itself.
namespace brood::protocol {

/// The owner's looks at what one worker has claimed. Each word is read once and then checked
/// against what the owner knows and has seen before: README.md has the list.
class PageWatch {
 public:
  /// What the owner knows: positions in the worker's sequence.
  struct Known {
    std::uint64_t resolved;  // of the first element without a reported outcome
    std::uint64_t sent;      // behind the last element that the worker was sent
  };
  struct Look {
    std::uint64_t claimed;
    std::uint64_t clock;  // read behind it: never older than the element that was claimed
  };
  /// How much of its sequence the worker has begun, unchecked.
  std::uint64_t begun(const WorkerPage& page) const noexcept;
  /// Throws CodecError for words that no worker of ours writes.
  Look look(const WorkerPage& page, const Known& known);
  /// Takes back everything behind what has been begun, up to position `fence` of the sequence, in
  /// two steps, between which the worker passes a full memory barrier. One revocation at a time.
  void ask(WorkerPage& page, std::uint64_t fence) noexcept;
  /// Whether the worker has passed that barrier.
  enum class Barrier : bool { refused, passed };
  /// Returns how much has been begun: all of it if the page makes no sense, or the barrier that the
  /// worker relies on was refused, see doubted().
  std::uint64_t decide(WorkerPage& page, Barrier barrier) noexcept;
  /// The position + 1 of the element that has asked for its stop token, if it says so; else 0.
  static std::uint64_t stoppable(const WorkerPage& page) noexcept {
    return page.stoppable.load(std::memory_order_seq_cst);
  }
  /// Asks the element at that position + 1 to stop; its thread for that is to be woken then.
  static void request_stop(WorkerPage& page, std::uint64_t element) noexcept {
    page.stop_requested.store(element, std::memory_order_release);
    page.stop_requests.fetch_add(1, std::memory_order_release);
  }
  /// The worker has said that it has seen the revocation.
  void acknowledged(WorkerPage& page) noexcept;
  /// Whether a revocation has found words that no worker of ours writes, or may have missed what
  /// was written: look() will throw.
  bool doubted() const noexcept { return doubted_; }

 private:
  void check_revoked(std::uint64_t claimed, std::uint64_t word) const;

  std::uint64_t claimed_ = 0;           // seen last
  std::optional<std::uint64_t> fence_;  // of a revocation
  std::uint64_t kept_ = 0;              // by it
  bool doubted_ = false;
};

}  // namespace brood::protocol

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/page.hpp"

// What the owner does with a worker's claims. Pure but for the page itself.
namespace brood::protocol {

/// Elements begun, as the page has it.
std::uint64_t claimed(const WorkerPage& page) noexcept;

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
  /// Throws CodecError for words that no worker of ours writes.
  Look look(const WorkerPage& page, const Known& known);
  /// Takes back everything behind what has been begun, up to position `fence` of the sequence;
  /// returns how much has been begun: all of it if the page makes no sense, see doubted(). One
  /// revocation at a time.
  std::uint64_t revoke(WorkerPage& page, std::uint64_t fence) noexcept;
  /// The worker has said that it has seen the revocation.
  void acknowledged() noexcept;
  /// Whether a revocation has found words that no worker of ours writes: look() will throw.
  bool doubted() const noexcept { return doubted_; }

 private:
  std::uint64_t claimed_ = 0;           // seen last
  std::optional<std::uint64_t> fence_;  // of a revocation
  bool doubted_ = false;
};

}  // namespace brood::protocol

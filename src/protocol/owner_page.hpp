#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/page.hpp"
#include "protocol/parent_side.hpp"

// What the owner does with a worker's page. Pure but for the page itself.
namespace brood::protocol {

/// Elements begun, as the page has it.
std::uint64_t claimed(const WorkerPage& page) noexcept;
/// A copy of a dead worker's page in `storage`: what it has forked may write to it yet. Throws
/// CodecError for words that no worker of ours leaves.
PageSnapshot last_copy(const WorkerPage& page, std::vector<std::byte>& storage);

/// The owner's looks at one worker's page. Each word is read once and then checked against what the
/// owner knows and has seen before: README.md has the list.
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
  /// A copy of the page in `storage`, nothing if the worker has moved meanwhile or there is nothing
  /// in it. Throws CodecError for words that no worker of ours writes.
  std::optional<PageSnapshot> copy(const WorkerPage& page, std::vector<std::byte>& storage);
  /// Takes back everything behind what has been begun, up to position `fence` of the sequence;
  /// returns how much has been begun: all of it if the page makes no sense, see doubted(). One
  /// revocation at a time.
  std::uint64_t revoke(WorkerPage& page, std::uint64_t fence) noexcept;
  /// The worker has said that it has seen the revocation.
  void acknowledged() noexcept;
  /// Whether a revocation has found words that no worker of ours writes: look() will throw.
  bool doubted() const noexcept { return doubted_; }

 private:
  void check_position(std::uint64_t base, std::uint64_t head);

  std::uint64_t claimed_ = 0, base_ = 0, head_ = 0;  // seen last
  std::optional<std::uint64_t> fence_;               // of a revocation
  bool doubted_ = false;
};

}  // namespace brood::protocol

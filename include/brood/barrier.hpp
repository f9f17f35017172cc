#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/detail/shared/handle.hpp>
#include <brood/errors.hpp>
#include <brood/object_errors.hpp>

namespace brood {

/// Blocks each of a fixed number of parties until all of them have arrived. It can be used again
/// and again.
/// When a process dies while a party of it waits, the others get BrokenBarrier within about 0.1 s.
/// The death of a party before it arrives is not noticed: use wait_for.
/// A handle: a copy, in this process or another, is the same barrier. All processes that use it
/// must be in one pid namespace.
/// Threads: any; a party is a thread. Fork: the child has the same barrier.
/// Throws BrokenObject from any call when another process has overwritten the barrier's memory.
/// Cost: that of a lock for each call, and a system call for each wait.
/// Layout: memory of its own with a header, counts, and a table of the waiting processes under a
/// robust lock.
class BROOD_API Barrier : public detail::SharedHandle {
 public:
  /// A new barrier. Throws UsageError unless 1 <= parties <= 1'048'576; SystemError.
  explicit Barrier(std::int64_t parties);
  /// Refers to nothing; every call throws UsageError.
  Barrier() = default;

  /// Blocks until all parties have arrived. Returns a number from 0 to parties() - 1, a different
  /// one to each party. Throws BrokenBarrier. Cost: 20 times a second one of the waiting parties
  /// looks whether the others live.
  std::size_t wait() const { return wait_by(std::nullopt); }
  /// Same, but waits for at most `duration`. Then the barrier is broken for all parties, and the
  /// call throws BrokenBarrier.
  template <class Rep, class Period>
  std::size_t wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_by(detail::deadline_after(duration));
  }
  /// Same, but waits until `time` at most.
  std::size_t wait_until(std::chrono::steady_clock::time_point time) const {
    return wait_by(detail::deadline_at(time));
  }

  /// The number of parties that the barrier was made for.
  std::size_t parties() const;
  /// Parties that have arrived and wait for the others.
  std::size_t n_waiting() const;
  /// Makes a broken barrier usable again. Parties that wait get BrokenBarrier.
  void reset() const;
  /// Breaks the barrier: parties that wait, and parties that arrive before reset(), get
  /// BrokenBarrier.
  void abort() const;
  /// Whether the barrier is broken.
  bool broken() const;

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are no Barrier.
  void load(InputArchive& archive);

 private:
  friend class detail::UndecodedAccess;
  explicit Barrier(detail::Undecoded) {}
  std::size_t wait_by(const detail::Deadline& deadline) const;
  void wait_for_others(std::uint32_t generation, detail::Deadline deadline) const;
};

}  // namespace brood

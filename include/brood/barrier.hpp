#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/detail/shared_handle.hpp>
#include <brood/errors.hpp>

namespace brood {

/// Thrown to a party that cannot pass a barrier: another party that waited gave up or died, or
/// abort() or reset() was called.
class BROOD_API BrokenBarrier : public Error {
 public:
  using Error::Error;
  ~BrokenBarrier() override;
};

/// Blocks each of a fixed number of parties until all of them have arrived. It can be used again
/// and again.
/// When a process dies while a party of it waits, the others get BrokenBarrier within about 0.1 s.
/// The death of a party before it arrives is not noticed: use wait_for.
/// A handle: a copy, in this process or another, is the same barrier. All processes that use it
/// must be in one pid namespace.
/// Threads: any; a party is a thread. Fork: the child has the same barrier.
/// Throws BrokenObject from any call when another process has overwritten the barrier's memory.
/// Layout: memory of its own with a header, counts, and a table of the waiting processes under a
/// robust lock.
class BROOD_API Barrier : public detail::SharedHandle {
 public:
  /// A new barrier. Throws UsageError unless 1 <= parties <= 1'048'576; SystemError.
  explicit Barrier(std::int64_t parties);
  /// For decoding only: refers to nothing until load(); every call before that throws UsageError.
  explicit Barrier(detail::Undecoded) {}
  Barrier() = default;

  /// Blocks until all parties have arrived. Returns a number from 0 to parties() - 1, a different
  /// one to each party. Throws BrokenBarrier. Cost: 20 times a second one of the waiting parties
  /// looks whether the others live.
  std::size_t wait() const { return wait_until(std::nullopt); }
  /// Same, but waits for at most `duration`. Then the barrier is broken for all parties, and the
  /// call throws BrokenBarrier.
  template <class Rep, class Period>
  std::size_t wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }
  /// Same, until `deadline`; std::nullopt means without a limit.
  std::size_t wait_until(detail::Deadline deadline) const;

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

  /// Encode and decode the handle. Throw CodecError: save() where it refers to nothing, load() for
  /// bytes that are no Barrier.
  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  void wait_for_others(std::uint32_t generation, detail::Deadline deadline) const;
};

}  // namespace brood

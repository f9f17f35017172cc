#pragma once

#include <cstddef>
#include <cstdint>

#include <brood/detail/shared_handle.hpp>
#include <brood/errors.hpp>

namespace brood {

/// A barrier will not be passed: a party that waited gave up or died, or abort or reset was called.
class BROOD_API BrokenBarrier : public Error {
 public:
  using Error::Error;
  ~BrokenBarrier() override;
};

/// Lets a number of parties go on when all of them have come, again and again.
/// When the process of a party dies while that one waits, the others get BrokenBarrier within about
/// 0.1 s. A party that dies before it comes is not missed: wait_for gives up.
/// A handle: a copy, in this process or another, is the same barrier. All of its processes see the
/// same process numbers (they are in one pid namespace).
/// Threads: any; a party is a thread. Fork: the child has the same barrier.
/// Layout: memory of its own with a header, counts, and a table of who waits under a robust lock.
class BROOD_API Barrier : public detail::SharedHandle {
 public:
  /// A new one. Throws UsageError unless `parties` is from 1 to 1'048'576, SystemError.
  explicit Barrier(std::int64_t parties);
  explicit Barrier(detail::Undecoded) {}
  /// For decoding only: refers to nothing, and every call but load throws UsageError.
  Barrier() = default;

  /// Waits for the others. Returns a number from 0 to parties() - 1, another one for each party.
  /// Throws BrokenBarrier. Cost: looks after the others 20 times a second while it waits.
  std::size_t wait() const { return wait_until(std::nullopt); }
  /// Same, for at most `duration`, after which the barrier is broken for all. Throws BrokenBarrier.
  template <class Rep, class Period>
  std::size_t wait_for(std::chrono::duration<Rep, Period> duration) const {
    return wait_until(detail::deadline_after(duration));
  }
  /// Same, to a point in time; nothing means for ever.
  std::size_t wait_until(detail::Deadline deadline) const;

  std::size_t parties() const;
  /// How many have come and wait for the others.
  std::size_t n_waiting() const;
  /// Makes a broken barrier whole. Who waits gets BrokenBarrier.
  void reset() const;
  /// Breaks the barrier: who waits, and who comes before reset(), gets BrokenBarrier.
  void abort() const;
  bool broken() const;

  void save(OutputArchive& archive) const;
  void load(InputArchive& archive);

 private:
  void wait_for_others(std::uint32_t generation, detail::Deadline deadline) const;
};

}  // namespace brood

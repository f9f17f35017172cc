#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <brood/detail/chrono.hpp>
#include <brood/detail/export.hpp>
#include <brood/outcome.hpp>

// What a pool has done so far, in numbers. Nothing here blocks.
namespace brood {

/// How often values of a size came: buckets that grow with the values, so that memory is bounded
/// whatever comes, and a quantile differs from the exact one by less than 1 %. Of a pool's times
/// they are in ns.
/// Threads: as any value.
class BROOD_API Histogram {
 public:
  /// Values up to `upper`, and above the bucket in front.
  struct Bucket {
    /// The largest value that belongs to it.
    std::uint64_t upper = 0;
    /// Number of values in it.
    std::uint64_t count = 0;
  };

  /// Counts `value`, `times` times. Throws std::bad_alloc; then nothing has changed. Cost: some ns.
  void add(std::uint64_t value, std::uint64_t times = 1);
  /// Adds what `other` has counted. Throws as add().
  void merge(const Histogram& other);

  /// Number of values.
  std::uint64_t count() const noexcept { return count_; }
  /// The least of them, exactly. 0: there is none.
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  /// The greatest of them, exactly. 0: there is none.
  std::uint64_t max() const noexcept { return max_; }
  /// Their mean. 0: there is none.
  double mean() const noexcept;
  /// The least value that a share of `p` of them does not exceed: quantile(0.5) is the median,
  /// quantile(0) is min(), quantile(1) is max(). Off by less than 1 % of the exact one. 0: there is
  /// none. A `p` outside of 0 to 1 counts as the nearer of these.
  std::uint64_t quantile(double p) const noexcept;
  /// The buckets that have values, in ascending order.
  std::vector<Bucket> buckets() const;

 private:
  std::vector<std::uint64_t> counts_;  // up to the highest bucket that has one
  std::uint64_t count_ = 0, min_ = 0, max_ = 0;
  double sum_ = 0;
};

/// What a pool has done since it was made. Elements count once, however many attempts they took.
/// Threads: as any value.
struct BROOD_API Statistics {
  /// Of one of the pool's places for workers: of all processes that have followed each other there.
  struct Worker {
    /// Name of the process that is there now, or was last: "SpawnPoolWorker-1".
    std::string name{};
    /// The place, as this_worker::slot() tells.
    int slot = 0;
    /// Elements that have ended in it, each attempt counted.
    std::uint64_t tasks_done = 0;
    /// Number of times that a process has replaced another one.
    std::uint64_t restarts = 0;
    /// Time for which it had an element.
    std::chrono::nanoseconds busy{0};
    /// That time as a share of the time since its first process was there, 0 to 1.
    double utilization = 0;
    /// Bytes that it was sent.
    std::uint64_t bytes_sent = 0;
    /// Bytes that it has sent.
    std::uint64_t bytes_received = 0;
  };

  /// Elements that the pool was given.
  std::uint64_t elements = 0;
  /// Elements that have ended so, as Outcome::kind() tells. Those that have not run, because their
  /// call failed or was cancelled before, are OutcomeKind::cancelled.
  std::uint64_t count(OutcomeKind kind) const noexcept {
    return by_kind[static_cast<std::size_t>(kind)];
  }
  /// The sum of these. The other elements wait or run.
  std::uint64_t ended() const noexcept;
  /// The numbers of count(), in the order of OutcomeKind.
  std::array<std::uint64_t, 6> by_kind{};
  /// Further attempts that elements were given.
  std::uint64_t retries = 0;
  /// Time from an attempt's turn to wait until a worker takes it up, in ns. Empty without
  /// PoolOptions::statistics and without a trace.
  Histogram waiting{};
  /// Time to decode an argument, in ns. Empty as `waiting` is.
  Histogram decoding{};
  /// Time for which the task ran, in ns. Without PoolOptions::statistics and without a trace it is
  /// measured for elements whose results come together, decoding and encoding included, and each of
  /// them counts with the mean.
  Histogram running{};
  /// Time to encode a result or an exception, in ns. Empty as `waiting` is.
  Histogram encoding{};
  /// Bytes that workers were sent: arguments and what goes with them.
  std::uint64_t bytes_sent = 0;
  /// Bytes that workers have sent: results and what goes with them.
  std::uint64_t bytes_received = 0;
  /// Number of times that a process has replaced another one.
  std::uint64_t restarts = 0;
  /// Time since the pool was made.
  std::chrono::nanoseconds lifetime{0};
  /// One for each place, in their order.
  std::vector<Worker> workers{};

  /// As a table, without a newline at the end.
  ///   1,000 elements: 997 value, 2 exception, 1 worker lost; 3 further attempts
  ///                  count      mean       50%       90%       99%       max
  ///     waiting       1,000    1.2 ms    1.1 ms    2.0 ms    2.4 ms    2.5 ms
  std::string str() const;
};

/// Prints statistics.str().
BROOD_API std::ostream& operator<<(std::ostream& stream, const Statistics& statistics);

}  // namespace brood

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <brood/detail/verbs.hpp>

namespace brood {

/// What Pool::workers() tells of one worker.
struct WorkerInfo {
  std::string name;  ///< SpawnPoolWorker-1
  int pid = 0;
  std::string state;             ///< "starting", "idle", "busy", "leaving"
  std::uint64_t tasks_done = 0;  ///< elements that this process has ended
  std::uint64_t memory = 0;      ///< resident bytes
  std::chrono::nanoseconds cpu_time{0};
};

/// Worker processes that run tasks. Every task ends in exactly one outcome, whatever its worker
/// does.
///   brood::Pool pool(4);
///   std::vector<double> roots = pool.map(root, values);
/// Threads: every verb from any thread.
/// Fork: in a forked child every use throws UsageError and the destructor does nothing.
class BROOD_API Pool : public PoolCalls {
 public:
  /// One worker per CPU that this process may use, by the default start method.
  Pool();
  /// Throws UsageError unless 1 <= workers <= 4096.
  explicit Pool(std::int64_t workers);
  /// Starts the workers; blocks until their processes exist, not until they are initialized.
  /// Throws UsageError for an option out of range, StartError, SystemError; then no process is
  /// left.
  explicit Pool(PoolOptions options);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  /// terminate() and join(): takes a second at most.
  ~Pool();

  /// The same verbs with options for one call. Throws UsageError for one out of range.
  PoolCalls with(CallOptions options) const;

  /// No more tasks; workers leave when those that were given are done. Does not block. Idempotent.
  void close();
  /// Ends the workers now; every result that is not ready becomes Cancelled before this returns.
  /// Idempotent.
  void terminate();
  /// Blocks until every worker is gone. An imap range that this thread has read or made last, or a
  /// thread that has ended, takes no more input: read it before. Throws UsageError before close()
  /// or terminate().
  void join();
  /// Same, for at most `duration`; whether they are gone.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> duration) {
    return join_until(detail::deadline_after(duration));
  }

  /// One entry per worker. Cost: two files of /proc per worker.
  std::vector<WorkerInfo> workers() const;

 private:
  bool join_until(const detail::Deadline& deadline);
};

}  // namespace brood

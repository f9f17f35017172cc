#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <brood/errors.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/call_job.hpp"
#include "pool/calls/failure_keeper.hpp"
#include "pool/failures/crash_report.hpp"
#include "pool/record/counters.hpp"
#include "pool/scheduler/types.hpp"

namespace brood::pool {

/// The jobs of the scheduler's that are not over, by their slots, and how they learn of their
/// elements. Threads: under the core's lock.
class JobTable {
 public:
  /// `keeper`: keeps elements that fail; null: none does.
  JobTable(Callbacks& callbacks, Counters& counters, FailureKeeper* keeper)
      : callbacks_(callbacks), counters_(counters), keeper_(keeper) {}

  void keep(std::shared_ptr<CallJob> job, std::size_t count) BROOD_REQUIRES(core_lock);
  /// So many more elements for a job that is kept.
  void extend(JobId job, std::size_t count) noexcept BROOD_REQUIRES(core_lock);
  /// Null when the job is over.
  CallJob* find(JobId id) const noexcept BROOD_REQUIRES(core_lock);
  std::span<const std::shared_ptr<CallJob>> all() const noexcept BROOD_REQUIRES(core_lock) {
    return jobs_;
  }

  /// What became of outcomes for which there may have been no memory.
  enum class Kept : std::uint8_t {
    all,
    refused,       // the elements have failed with a SystemError instead
    not_recorded,  // not even that could be kept: all of the job is to be failed
  };
  /// Results that have arrived; they have been checked. Throws where they make no sense.
  Kept deliver(CallJob& job, const ArrivedResults& results) BROOD_REQUIRES(core_lock);
  /// The exception of an element, as the worker has encoded it, and what it wrote. Otherwise as
  /// deliver().
  Kept fail(CallJob& job, std::size_t element, std::span<const std::byte> exception,
            const WorkerIdentity& worker, const detail::ElementOutput& output)
      BROOD_REQUIRES(core_lock);
  /// An element has ended in a worker that cannot report it, for it has ended so.
  Kept fail(const Action& action, const WorkerExit& exit) BROOD_REQUIRES(core_lock);
  /// How the element of that action has ended, and in words; without memory for these, empty.
  static OutcomeKind kind_of(const Action& action, const WorkerExit& exit) noexcept;
  std::string describe(const Action& action, const WorkerExit& exit) const noexcept
      BROOD_REQUIRES(core_lock);
  /// Likewise, and the element is tried again.
  void note_attempt(const Action& action, const WorkerExit& exit) BROOD_REQUIRES(core_lock);
  /// The element has failed in `worker` with this exception, and is tried again.
  void note_attempt(JobId job, std::size_t element, const std::string& worker,
                    std::span<const std::byte> exception) BROOD_REQUIRES(core_lock);
  /// An element of the job has been cancelled, for `reason`.
  void cancel(JobId job, std::size_t element, const std::exception_ptr& reason) noexcept
      BROOD_REQUIRES(core_lock);
  /// `error`: why all of the job has failed; null when its elements have their own ends.
  void finish(JobId job, const std::exception_ptr& error) BROOD_REQUIRES(core_lock);
  /// Nothing refers to the job's arguments any more.
  void drop_arguments(JobId job) BROOD_REQUIRES(core_lock);
  /// The job is over.
  void drop(JobId job) BROOD_REQUIRES(core_lock);
  /// All of them end by `reason`.
  void finish_all(const std::exception_ptr& reason) noexcept BROOD_REQUIRES(core_lock);

 private:
  void keep_for_another_run(const CallJob& job, std::size_t element,
                            detail::Failure& failure) const noexcept BROOD_REQUIRES(core_lock);
  Kept refuse(CallJob& job, std::size_t first, std::size_t count, const std::exception_ptr& error)
      BROOD_REQUIRES(core_lock);

  /// Elements of a job: those that it has, and those that have ended.
  struct Tally {
    std::size_t elements = 0, ended = 0;
  };
  void tally(JobId job, OutcomeKind kind, std::size_t number) noexcept BROOD_REQUIRES(core_lock);
  void count_rest(JobId job, OutcomeKind kind) noexcept BROOD_REQUIRES(core_lock);

  std::vector<std::shared_ptr<CallJob>> jobs_ BROOD_GUARDED_BY(core_lock);  // by slot_of(id)
  std::vector<Tally> tallies_ BROOD_GUARDED_BY(core_lock);                  // likewise
  Callbacks& callbacks_;
  Counters& counters_ BROOD_GUARDED_BY(core_lock);
  FailureKeeper* const keeper_;
};

}  // namespace brood::pool

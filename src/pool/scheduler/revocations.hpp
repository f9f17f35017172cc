#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pool/scheduler/worker_index.hpp"

namespace brood::pool {

/// Asks workers' pages what has begun, and takes back what has not: README.md, "Questions".
class Revocations {
 public:
  Revocations(Actions& actions, Jobs& jobs, Population& population, OwnerClock& clock,
              Assignments& assignments, const WorkerIndex& index)
      : actions_(actions),
        jobs_(jobs),
        population_(population),
        clock_(clock),
        assignments_(assignments),
        index_(index) {}

  void look(WorkerId id) { ask(id, Asked::look, 0); }
  /// Asks for what the worker has not begun, unless this clock alone decides about its head.
  void take_back(WorkerId id);
  void take_back_from_all(JobId job);
  /// The same of jobs that have ended at their first error.
  void take_back_failed();
  /// Asks for what it has not begun and stands at `keep` or behind it.
  void revoke(WorkerId id, std::uint64_t keep);
  void answer(WorkerId id, const Begun& begun);
  /// False if no revocation with this fence waits for that, or outcomes are missing of what had
  /// begun before.
  bool acknowledged(WorkerId id, std::uint64_t fence);
  /// The worker is gone: whether it was asked something, which has no answer any more.
  bool withdraw(WorkerId id);
  /// Whether a question has no answer yet.
  bool waits() const noexcept { return questions_ != 0; }
  /// Whether it keeps its head, and all behind it, until the clock has decided, as the last answer
  /// tells. Elements that go from worker to worker for other reasons, sooner than they are late,
  /// would never be.
  bool keeps_its_head(WorkerId id) const;

 private:
  using Asked = Assignments::Asked;

  void ask(WorkerId id, Asked what, std::uint64_t fence);
  void take_unbegun(WorkerId id, std::uint64_t begun);

  Actions& actions_;
  Jobs& jobs_;
  Population& population_;
  OwnerClock& clock_;
  Assignments& assignments_;
  const WorkerIndex& index_;
  std::size_t questions_ = 0;  // without an answer
};

}  // namespace brood::pool

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "pool/scheduler/job_record.hpp"

namespace brood::pool {

/// The jobs that live, by their slots, and what is known of functions that have run before.
/// `edit` is for Jobs and PendingElements; the other parts read, and take notes of single elements.
class JobStore {
 public:
  /// A job without elements, in a free slot.
  JobId open(const JobTraits& traits);
  /// Null when the job is over.
  const JobRecord* find(JobId id) const { return find_in(jobs_, id); }
  JobRecord* edit(JobId id) { return find_in(jobs_, id); }
  /// As these, for a job that is known to live: one with an element in a worker.
  const JobRecord& at(JobId id) const { return jobs_[slot_of(id)]; }
  JobRecord& edit_at(JobId id) { return jobs_[slot_of(id)]; }
  std::vector<JobId> all() const;
  bool empty() const noexcept { return live_ == 0; }

  /// The job is over. Its slot gets another one after let_go.
  void close(JobRecord& job) {
    job.reset();
    --live_;
  }
  void let_go(JobId id) { free_.push_back(slot_of(id)); }

  // --- notes ---
  /// What is known of an element that workers had next and did not begin. Null when its job is
  /// over.
  Unbegun* unbegun(JobId id, std::size_t index);
  /// An element runs, and its worker is stopped because the element is cancelled.
  void note_cancelled(JobId id, std::size_t index) { edit(id)->cancelled.push_back(index); }
  /// An element runs, and is not to be tried again.
  void note_last_attempt(JobId id, std::size_t index);
  /// The process is gone, and what it knew with it.
  void forget_worker(WorkerId worker);

 private:
  template <class Slots>
  static auto find_in(Slots& jobs, JobId id) -> decltype(&jobs.front()) {
    const std::uint32_t slot = slot_of(id);
    if (slot >= jobs.size()) return nullptr;
    auto& job = jobs[slot];
    return job.live && job.generation == id >> 32 ? &job : nullptr;
  }
  Cost* cost_for(std::uint64_t key);

  std::deque<JobRecord> jobs_;
  std::vector<std::uint32_t> free_;
  std::size_t live_ = 0;
  std::unordered_map<std::uint64_t, Cost> costs_;
  std::uint64_t last_key_ = 0;
  Cost* last_cost_ = nullptr;  // of last_key_: calls in a row are alike
};

}  // namespace brood::pool

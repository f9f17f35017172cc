#include "pool/scheduler/job_store.hpp"

namespace brood::pool {

namespace {
constexpr JobId make_id(std::uint32_t slot, std::uint32_t generation) {
  return (JobId{generation} << 32) | slot;
}
}  // namespace

JobId JobStore::open(const JobTraits& traits) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(jobs_.size()));
    jobs_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  JobRecord& job = jobs_[slot];
  ++job.generation;
  job.traits = traits;
  job.cost = cost_for(traits.cost_key);
  if (traits.self_contained) job.largest = job.cost->largest;  // one of many alike
  job.live = true;
  ++live_;
  return make_id(slot, job.generation);
}

Cost* JobStore::cost_for(std::uint64_t key) {
  if (last_cost_ == nullptr || key != last_key_) last_cost_ = &costs_[last_key_ = key];
  return last_cost_;
}

std::vector<JobId> JobStore::all() const {
  std::vector<JobId> ids;
  for (std::uint32_t slot = 0; slot < jobs_.size(); ++slot) {
    if (jobs_[slot].live) ids.push_back(make_id(slot, jobs_[slot].generation));
  }
  return ids;
}

Unbegun* JobStore::unbegun(JobId id, std::size_t index) {
  JobRecord* const job = edit(id);
  return job == nullptr ? nullptr : &job->unbegun[index];
}

void JobStore::note_last_attempt(JobId id, std::size_t index) {
  JobRecord* const job = edit(id);
  if (!job->has_last_attempt(index)) job->last_attempts.push_back(index);
}

void JobStore::forget_worker(WorkerId worker) {
  for (JobRecord& job : jobs_) std::erase(job.defined_in, worker);
}

}  // namespace brood::pool

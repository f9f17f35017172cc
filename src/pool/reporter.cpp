#include <brood/detail/pool/reporter.hpp>

#include <algorithm>
#include <chrono>

namespace brood::detail {

namespace {

// A failure may be counted a moment before its element is done.
Progress progress_of(const Job& job, std::size_t total) {
  const std::size_t done = job.done();
  return {done, total, std::min(job.failures(), done)};
}

// Folding what has come may go on for a while then.
bool all_done(const Progress& progress) {
  return progress.total != 0 && progress.done >= progress.total;
}

bool same(const Progress& a, const Progress& b) {
  return a.done == b.done && a.total == b.total && a.failed == b.failed;
}

}  // namespace

Deadline Reporter::next(const Deadline& deadline) const {
  if (!due_) return deadline;
  return deadline ? std::min(*deadline, *due_) : *due_;
}

void Reporter::begin(const Job& job, std::size_t total) {
  if (function_ && function_.interval() && !has_told_) tell(job, total);
}

void Reporter::tell(const Job& job, std::size_t total) {
  const Progress progress = progress_of(job, total);
  const bool is_due = due_ && std::chrono::steady_clock::now() >= *due_ && !all_done(progress);
  if (has_told_ && !is_due && same(progress, told_)) return;
  has_told_ = true;
  told_ = progress;
  if (function_.interval()) due_ = deadline_after(*function_.interval());
  function_(progress);
}

}  // namespace brood::detail

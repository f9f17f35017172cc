#pragma once

#include <vector>

#include <brood/async_result.hpp>
#include <brood/detail/pool/job.hpp>
#include <brood/outcome.hpp>

namespace brood::detail {

/// The call behind a result, for what waits for it in other ways than AsyncResult's own.
struct ResultAccess {
  /// Throws UsageError where the result was moved from.
  template <class R>
  static const JobHandle& job(const AsyncResult<R>& result) {
    result.job();
    return result.job_;
  }
  template <class R>
  static std::vector<JobHandle> jobs(const std::vector<AsyncResult<R>>& results) {
    std::vector<JobHandle> found;
    found.reserve(results.size());
    for (const AsyncResult<R>& result : results) found.push_back(job(result));
    return found;
  }
  /// Of a result that is ready. Decodes it.
  template <class R>
  static Outcome<R> outcome(const AsyncResult<R>& result) {
    return AsyncResult<R>::outcome(result.job(), result.decode_);
  }
};

}  // namespace brood::detail

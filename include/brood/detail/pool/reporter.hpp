#pragma once

#include <cstddef>
#include <utility>

#include <brood/detail/chrono.hpp>
#include <brood/detail/export.hpp>
#include <brood/detail/pool/job.hpp>
#include <brood/options.hpp>

namespace brood::detail {

/// What the thread that waits for a call tells its caller's progress function, if there is one.
class BROOD_API Reporter {
 public:
  explicit Reporter(ProgressFunction function) : function_(std::move(function)) {}

  /// How long the thread may wait before it reports: until `deadline`, or less.
  Deadline next(const Deadline& deadline) const;
  /// The call begins. Only functions with an interval are told.
  void begin(const Job& job, std::size_t total);
  /// Tells what has changed; where that is nothing, only what is due, unless all is done. Throws
  /// what the function throws.
  void report(const Job& job, std::size_t total) {
    if (function_) tell(job, total);
  }

 private:
  void tell(const Job& job, std::size_t total);

  ProgressFunction function_;
  Progress told_;
  Deadline due_;  // nothing: at the next change
  bool has_told_ = false;
};

}  // namespace brood::detail

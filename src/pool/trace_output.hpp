#pragma once

#include <optional>
#include <string>

#include <brood/options.hpp>
#include "pool/record/calls_of_record.hpp"
#include "trace/timeline.hpp"

namespace brood::pool {

/// The file that the trace of a pool goes to.
class TraceOutput {
 public:
  /// The one that the options or BROOD_TRACE name, with a name of its own among those of this
  /// process; nothing where neither does. Throws UsageError where the name does not say which form
  /// it is to have, SystemError where the file cannot be made.
  static std::optional<TraceOutput> of(const PoolOptions& options);

  /// Writes it, to another file that becomes this one when it is complete. Names the program and
  /// the calls. What goes wrong is logged. Blocks for the file. Threads: one at a time.
  void write(trace::Timeline& timeline, const CallsOfRecord& calls) const noexcept;
  const std::string& path() const noexcept { return path_; }

 private:
  explicit TraceOutput(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace brood::pool

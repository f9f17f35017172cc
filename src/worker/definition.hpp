#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <brood/detail/bytes.hpp>
#include <brood/detail/job.hpp>
#include "worker/run_access.hpp"

namespace brood::worker {

/// The function of a job, as the owner sent it: kept from its `define` to its `forget`.
class Definition {
 public:
  explicit Definition(std::span<const std::byte> encoded) : encoded_(encoded) {}

  /// Gives the run its function. Throws CodecError when the runner is not in this program.
  detail::Runner prepare(detail::Run& run) {
    Reader reader(encoded_.view());
    const auto runner =
        reinterpret_cast<detail::Runner>(const_cast<void*>(detail::take_code(reader)));
    detail::RunAccess::function(run, reader.take(reader.left()), function_);
    return runner;
  }

 private:
  detail::Bytes encoded_;
  std::shared_ptr<void> function_;  // decoded by the run at its first use
};

}  // namespace brood::worker

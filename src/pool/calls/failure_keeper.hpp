#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"

namespace brood::detail {

/// An element that has failed, on its way to a file. Threads: any.
class SavedFailure {
 public:
  virtual ~SavedFailure() = default;
  /// The path of the file, which is written first, in the calling thread, where it is not there
  /// yet. Empty: it could not be written. Blocks for the file system.
  virtual std::string path() noexcept = 0;
};

}  // namespace brood::detail

namespace brood::pool {

class CallJob;

/// Keeps elements that have failed (PoolOptions::save_failed). Threads: under the core's lock.
class FailureKeeper {
 public:
  /// Takes what another run needs: the job's arguments are still there. Null where nothing is kept.
  /// Does not wait.
  virtual std::shared_ptr<detail::SavedFailure> keep(const CallJob& job, std::size_t element,
                                                     const detail::Failure& failure) noexcept
      BROOD_REQUIRES(core_lock) = 0;

 protected:
  ~FailureKeeper() = default;
};

}  // namespace brood::pool

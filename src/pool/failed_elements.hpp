#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <brood/options.hpp>
#include "base/mutex.hpp"
#include "pool/base/core_lock.hpp"
#include "pool/calls/callbacks.hpp"
#include "pool/calls/failure_keeper.hpp"
#include "pool/scheduler/types.hpp"
#include "wire/saved_element.hpp"

namespace brood::pool {

/// PoolOptions::save_failed, or what the environment variable BROOD_SAVE_FAILED says; empty: no
/// failed element is kept.
std::string directory_for_failed(const PoolOptions& options);

/// Writes each element that fails to a file of its own in a directory. A file is written by the
/// thread that asks for the element's error, or by the one for callbacks, whichever comes first:
/// neither dispatcher nor core's lock wait for the file system. Threads: as FailureKeeper says.
class FailedElements final : public FailureKeeper {
 public:
  /// At most so many are kept for one pool, and so many bytes; of what fails then a warning is
  /// logged, once.
  static constexpr std::size_t most_files = 1000;
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

  /// Makes the directory where it is missing. Throws UsageError where no files can be made in it.
  FailedElements(const std::string& directory, const PoolOptions& options, Callbacks& callbacks);

  std::shared_ptr<detail::SavedFailure> keep(const CallJob& job, std::size_t element,
                                             const detail::Failure& failure) noexcept override
      BROOD_REQUIRES(core_lock);

 private:
  class File;
  struct Shared;
  void warn(const std::string& what) noexcept;
  bool has_room(const CallJob& job, std::size_t element) BROOD_REQUIRES(core_lock, mutex_);
  wire::SavedElement element_of(const CallJob& job, std::size_t element,
                                const detail::Failure& failure) const BROOD_REQUIRES(core_lock);
  std::string name_of(const CallJob& job, std::size_t element, std::uint32_t attempt)
      BROOD_REQUIRES(core_lock, mutex_);

  const std::string directory_, prefix_;
  const std::shared_ptr<Shared> shared_;  // by what is on its way
  const Call initializer_, state_;
  Callbacks& callbacks_;
  // An inline pool and the one in its elements have a lock each, and this in common.
  base::Mutex mutex_;
  // Numbers of those with files, by job and its id.
  std::map<std::pair<const CallJob*, JobId>, std::size_t> calls_ BROOD_GUARDED_BY(mutex_);
  std::size_t files_ BROOD_GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ BROOD_GUARDED_BY(mutex_) = 0;
};

}  // namespace brood::pool

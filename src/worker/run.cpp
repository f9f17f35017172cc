#include <brood/detail/pool/run.hpp>

#include "worker/run_access.hpp"

namespace brood::detail {

OutcomeSink::~OutcomeSink() = default;

// One that throws has not said yes.
bool RunAccess::retryable(const Run& run) noexcept {
  try {
    return run.retry_if_ == nullptr || run.retry_if_(std::current_exception());
  } catch (...) {
    return false;
  }
}

}  // namespace brood::detail

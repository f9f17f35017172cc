#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "platform/sentinel.hpp"

namespace brood::pool {

/// Whether this process has closed the descriptors of a pool: README.md, "Lost".
/// Threads: any, but for set_owner().
class DescriptorLoss {
 public:
  using EndCalls = std::function<void(const std::exception_ptr&)>;

  /// The pool, which a loss keeps alive: its destructor would close numbers. Before there are other
  /// threads.
  void set_owner(std::weak_ptr<const void> pool) noexcept { pool_ = std::move(pool); }
  /// Whether they have been closed. Cost: one fstat(2).
  bool is_seen() const noexcept { return !sentinel_.intact(); }
  /// They have been: `end_calls` ends every call, in the first thread that comes here; the others
  /// wait for that.
  void declare(const EndCalls& end_calls) noexcept;
  /// Whether all calls have ended by it.
  bool is_over() const noexcept { return over_.load(); }

 private:
  const platform::Sentinel sentinel_;
  std::weak_ptr<const void> pool_;
  std::once_flag declared_;
  std::shared_ptr<const void> kept_;  // the pool, when it is lost
  std::atomic<bool> over_{false};
};

}  // namespace brood::pool

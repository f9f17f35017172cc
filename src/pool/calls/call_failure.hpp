#pragma once

#include <exception>
#include <memory>

#include <brood/detail/pool/job.hpp>

namespace brood::pool {

/// Why a call has failed: all of it, or elements. Threads: one at a time; any, as soon as nothing
/// is added to it any more.
class CallFailure {
 public:
  /// An element has failed. Of several the first one in the call's order counts.
  void add(detail::Piece&& element);
  /// All of it has failed; null: it has not.
  void fail(const std::exception_ptr& error) noexcept { error_ = error; }

  bool has_come() const noexcept { return is_of_all() || element_ != nullptr; }
  bool is_of_all() const noexcept { return error_ != nullptr; }
  /// Null where there is none. Decodes the exception.
  std::exception_ptr error() const;

 private:
  std::unique_ptr<detail::Piece> element_;
  std::exception_ptr error_;
};

}  // namespace brood::pool

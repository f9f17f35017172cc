#pragma once

#include <exception>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <brood/detail/pool/job.hpp>

namespace brood::pool {

/// What has come of a call: results, and why it failed. Threads: one at a time; any, as soon as
/// nothing is added to it any more.
class CallOutcome {
 public:
  CallOutcome(detail::JobKind kind, detail::ErrorPolicy policy) : kind_(kind), policy_(policy) {}

  /// Takes results, or a failure of one element.
  void add(detail::Piece&& piece);
  /// All of it has failed; null: it has not.
  void fail(const std::exception_ptr& error) noexcept { error_ = error; }
  /// Takes the pieces that are there.
  std::vector<detail::Piece> take() noexcept { return std::exchange(pieces_, {}); }

  std::span<const detail::Piece> pieces() const noexcept;
  bool failed() const noexcept { return error_ != nullptr || failure_ != nullptr; }
  /// Null when it has not failed. Decodes the exception.
  std::exception_ptr error() const;

 private:
  const detail::JobKind kind_;
  const detail::ErrorPolicy policy_;
  std::vector<detail::Piece> pieces_;
  detail::Piece only_;                      // of a single
  std::unique_ptr<detail::Piece> failure_;  // what error() returns
  std::exception_ptr error_;
};

}  // namespace brood::pool

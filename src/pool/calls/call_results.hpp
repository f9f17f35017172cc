#pragma once

#include <span>
#include <utility>
#include <vector>

#include <brood/detail/pool/job.hpp>

namespace brood::pool {

/// What has come of a call's elements. Threads: one at a time; any, as soon as nothing is added to
/// it any more.
class CallResults {
 public:
  explicit CallResults(detail::JobKind kind) : kind_(kind) {}

  /// Takes results, or the failure of one element.
  void add(detail::Piece&& piece);
  /// Takes the pieces that are there; a single's result stays.
  std::vector<detail::Piece> take() noexcept { return std::exchange(pieces_, {}); }
  std::span<const detail::Piece> pieces() const noexcept;

 private:
  const detail::JobKind kind_;
  std::vector<detail::Piece> pieces_;
  detail::Piece only_;  // of a single
};

}  // namespace brood::pool

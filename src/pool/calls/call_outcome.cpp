#include "pool/calls/call_outcome.hpp"

#include <utility>

namespace brood::pool {

void CallOutcome::add(detail::Piece&& piece) {
  if (kind_ == detail::JobKind::single && !piece.failure) {
    only_ = std::move(piece);
  } else if (piece.failure && policy_ != detail::ErrorPolicy::isolate) {
    if (!failure_ || piece.first < failure_->first)
      failure_ = std::make_unique<detail::Piece>(std::move(piece));
  } else {
    pieces_.push_back(std::move(piece));
  }
}

std::span<const detail::Piece> CallOutcome::pieces() const noexcept {
  if (kind_ == detail::JobKind::single) return {&only_, 1};
  return pieces_;
}

// A single one whose failure was kept as a piece has policy isolate: its error is never asked for.
std::exception_ptr CallOutcome::error() const {
  if (error_) return error_;
  if (failure_) return detail::to_exception(*failure_->failure, failure_->first);
  return nullptr;
}

}  // namespace brood::pool

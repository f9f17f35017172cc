#include "pool/calls/call_results.hpp"

#include <utility>

namespace brood::pool {

void CallResults::add(detail::Piece&& piece) {
  if (kind_ == detail::JobKind::single && !piece.failure) {
    only_ = std::move(piece);
  } else {
    pieces_.push_back(std::move(piece));
  }
}

std::span<const detail::Piece> CallResults::pieces() const noexcept {
  if (kind_ == detail::JobKind::single) return {&only_, 1};
  return pieces_;
}

}  // namespace brood::pool

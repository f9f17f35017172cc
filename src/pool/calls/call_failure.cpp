#include "pool/calls/call_failure.hpp"

#include <utility>

namespace brood::pool {

void CallFailure::add(detail::Piece&& element) {
  if (!element_ || element.first < element_->first)
    element_ = std::make_unique<detail::Piece>(std::move(element));
}

std::exception_ptr CallFailure::error() const {
  if (error_) return error_;
  if (element_) return detail::to_exception(*element_->failure, element_->first);
  return nullptr;
}

}  // namespace brood::pool

#include "pool/calls/small_call.hpp"

#include <utility>

namespace brood::pool {

namespace {
constexpr std::size_t largest_argument = 4 * 1024;  // bytes
}  // namespace

bool SmallCall::fits(const detail::JobSpec& spec) noexcept {
  const detail::Payload& argument = spec.elements.payload;
  return spec.kind == detail::JobKind::single && spec.policy != detail::ErrorPolicy::isolate &&
         !argument.borrows() && argument.size() <= largest_argument &&
         argument.owned().attached().empty() && spec.definition->bytes.attached().empty();
}

// Its only piece is no piece before the end.
std::vector<detail::Piece> SmallCall::take_pieces(const detail::Deadline& deadline) {
  wait(deadline);
  return {};
}

void SmallCall::set_index(JobId batch, std::size_t index) noexcept {
  batch_ = batch;
  index_ = static_cast<std::uint32_t>(index);
}

std::optional<AwaitedCall::ElementId> SmallCall::element_id() const noexcept {
  if (batch_ == 0 || finished()) return std::nullopt;
  return ElementId{batch_, index_};
}

void SmallCall::succeed(const ArrivedResults& results, Callbacks& callbacks) {
  result_ = to_piece(results);
  conclude(nullptr, callbacks);
}

void SmallCall::fail(std::unique_ptr<detail::Failure> failure, Callbacks& callbacks) {
  failure_.add({.first = 0, .count = 1, .shape = {}, .bytes = {}, .failure = std::move(failure)});
  conclude(nullptr, callbacks);
}

}  // namespace brood::pool

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <brood/detail/pool/results.hpp>

namespace brood::detail {

void check_place(const Piece& piece, std::size_t count) {
  if (piece.first <= count && piece.count <= count - piece.first) return;
  throw CodecError(CodecError::Direction::decode, "result", "it is of an element that is none");
}

void throw_sizes_differ(std::size_t inputs, std::size_t places) {
  throw UsageError("map_into has " + std::to_string(inputs) + " inputs, and an output of " +
                   std::to_string(places) + " elements: give it one of the same size");
}

ElementOutput output_of(const Job& job) {
  std::string all;
  for (const Piece* const piece : in_order(job)) {
    for (std::size_t i = 0; piece->outputs && i < piece->outputs->size(); ++i) {
      if (const ElementOutput& one = (*piece->outputs)[i]) all += *one;
    }
  }
  return all.empty() ? nullptr : std::make_shared<const std::string>(std::move(all));
}

std::vector<const Piece*> in_order(const Job& job) {
  const std::span<const Piece> pieces = job.pieces();
  std::vector<const Piece*> ordered;
  ordered.reserve(pieces.size());
  for (const Piece& piece : pieces) ordered.push_back(&piece);
  std::sort(ordered.begin(), ordered.end(),
            [](const Piece* a, const Piece* b) { return a->first < b->first; });
  return ordered;
}

}  // namespace brood::detail

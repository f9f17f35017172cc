#include <algorithm>
#include <string>

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

#include "pool/calls/call_job.hpp"

#include <brood/errors.hpp>
#include "protocol/parent_side.hpp"

namespace brood::pool {

detail::Piece to_piece(const ArrivedResults& results) {
  detail::Bytes bytes(results.bytes);
  bytes.attach_all(results.attached);
  detail::Piece piece{.first = results.first,
                      .count = results.count,
                      .shape = results.shape,
                      .bytes = std::move(bytes),
                      .failure = {}};
  if (!results.outputs.empty())
    piece.outputs = std::make_unique<std::vector<detail::ElementOutput>>(results.outputs.begin(),
                                                                         results.outputs.end());
  return piece;
}

Attempts CallJob::take_attempts(std::size_t element) {
  const auto found = earlier_.extract(element);
  if (!found) return {};
  return {.count = static_cast<int>(found.mapped().size()) + 1,
          .earlier = std::move(found.mapped())};
}

void CallJob::check(const ArrivedResults& results) const {
  const auto demand = [](bool condition, const char* reason) {
    if (!condition) throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
  };
  const detail::ResultShape shape = results.shape;
  demand(shape == results_, "results that are none of this task's");
  const std::size_t elements = arguments().count();
  demand(results.first <= elements && results.count <= elements - results.first,
         "results of elements that the task does not have");
  const std::size_t records = shape.folded ? 1 : results.count;
  demand(protocol::extent_of_results(shape.stride, records, results.bytes) == results.bytes.size(),
         "another number of results than announced");
}

JobTraits traits_of(const detail::CallTerms& terms) {
  JobTraits traits;
  traits.timeout = terms.timeout;
  traits.retries = {terms.crash_retries, terms.timeout_retries, terms.exception_retries};
  traits.retry_delay = terms.retry_delay;
  traits.priority = terms.priority;
  traits.key = terms.key;
  return traits;
}

}  // namespace brood::pool

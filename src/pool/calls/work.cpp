#include "pool/calls/work.hpp"

#include <brood/errors.hpp>
#include "pool/driver/worker_link.hpp"
#include "protocol/messages.hpp"
#include "protocol/parent_side.hpp"
#include "wire/frame.hpp"

namespace brood::pool {

using protocol::RunHeader;
using protocol::Type;

Attempts Work::take_attempts(std::size_t element) {
  const auto found = earlier_.extract(element);
  if (!found) return {};
  return {.count = static_cast<int>(found.mapped().size()) + 1,
          .earlier = std::move(found.mapped())};
}

void Work::check(const Results& results) const {
  const auto demand = [](bool condition, const char* reason) {
    if (!condition) throw CodecError(CodecError::Direction::decode, "message of a worker", reason);
  };
  const detail::ResultShape shape = result_shape();
  demand(detail::ResultShape{results.stride, results.folded} == shape,
         "results that are none of this task's");
  const std::size_t elements = element_count();
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
  return traits;
}

void append_run(WorkerLink& link, const Work& work, const Assignment& assignment) {
  link.forget_groups(work.id, work.oldest_group());
  const auto [of_definition, of_arguments] = work.attached(assignment.first);
  link.send_descriptors(work.id, work.id, of_definition);
  link.send_descriptors(work.id, work.group(assignment.first), of_arguments);
  const std::span<const std::byte> definition = work.definition();
  if (assignment.define) {
    protocol::append_message(link.outbox.tail(), Type::define, protocol::DefineHeader{work.id},
                             definition);
  }
  RunHeader header{};
  header.job = work.id;
  header.first = assignment.first;
  header.count = assignment.count;
  header.sequence = assignment.sequence;
  header.stride = work.stride(assignment.first);
  header.define = work.self_contained() ? definition.size() : 0;
  header.retry_if = work.terms().retry_if.size();
  header.attempt = assignment.attempt;
  header.flags =
      (work.terms().timeout ? RunHeader::timed : 0) | (work.whole() ? RunHeader::whole : 0);
  detail::Bytes& tail = link.outbox.tail();
  const std::size_t frame = wire::begin_frame(tail, static_cast<std::uint16_t>(Type::run));
  tail.append(&header, sizeof header);
  tail.append(definition.data(), header.define);
  tail.append(work.terms().retry_if.data(), header.retry_if);
  work.append_arguments(link.outbox, tail, frame, assignment.first, assignment.count);
}

}  // namespace brood::pool

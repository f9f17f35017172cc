#include "pool/calls/call_job.hpp"

#include <brood/errors.hpp>
#include "pool/driver/worker_link.hpp"
#include "protocol/messages.hpp"
#include "protocol/parent_side.hpp"
#include "wire/frame.hpp"

namespace brood::pool {

using protocol::RunHeader;
using protocol::Type;

Attempts CallJob::take_attempts(std::size_t element) {
  const auto found = earlier_.extract(element);
  if (!found) return {};
  return {.count = static_cast<int>(found.mapped().size()) + 1,
          .earlier = std::move(found.mapped())};
}

void CallJob::check(const Results& results) const {
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

void append_run(WorkerLink& link, const CallJob& job, const Assignment& assignment) {
  link.forget_groups(job.id, job.oldest_group());
  const auto [of_definition, of_arguments] = job.attached(assignment.first);
  link.send_descriptors(job.id, job.id, of_definition);
  link.send_descriptors(job.id, job.group(assignment.first), of_arguments);
  const std::span<const std::byte> definition = job.definition();
  if (assignment.define) {
    protocol::append_message(link.outbox.tail(), Type::define, protocol::DefineHeader{job.id},
                             definition);
  }
  RunHeader header{};
  header.job = job.id;
  header.first = assignment.first;
  header.count = assignment.count;
  header.sequence = assignment.sequence;
  header.stride = job.stride(assignment.first);
  header.define = job.self_contained() ? definition.size() : 0;
  header.retry_if = job.terms().retry_if.size();
  header.attempt = assignment.attempt;
  header.flags =
      (job.terms().timeout ? RunHeader::timed : 0) | (job.whole() ? RunHeader::whole : 0);
  detail::Bytes& tail = link.outbox.tail();
  const std::size_t frame = wire::begin_frame(tail, static_cast<std::uint16_t>(Type::run));
  tail.append(&header, sizeof header);
  tail.append(definition.data(), header.define);
  tail.append(job.terms().retry_if.data(), header.retry_if);
  job.append_arguments(link.outbox, tail, frame, assignment.first, assignment.count);
}

}  // namespace brood::pool

#include "pool/driver/append_run.hpp"

#include <cstddef>
#include <span>

#include "pool/calls/arguments.hpp"
#include "pool/calls/run_frame.hpp"
#include "protocol/messages.hpp"

namespace brood::pool {

using protocol::RunHeader;

namespace {

std::uint32_t output_flags(Output output) noexcept {
  if (output == Output::inherit) return 0;
  return output == Output::capture ? RunHeader::captured : RunHeader::prefixed;
}

RunHeader header_of(const CallJob& job, const Arguments::Part& part, const Assignment& assignment,
                    Measured measured) BROOD_REQUIRES(core_lock) {
  const Arguments& arguments = job.arguments();
  RunHeader header{};
  header.job = job.id;
  header.first = assignment.first;
  header.count = assignment.count;
  header.sequence = assignment.sequence;
  header.stride = part.stride;
  header.define = arguments.self_contained() ? arguments.definition()->bytes.size() : 0;
  header.retry_if = job.terms().retry_if.size();
  header.attempt = assignment.attempt;
  header.flags = (job.terms().timeout ? RunHeader::timed : 0) |
                 (arguments.fills_frame() ? RunHeader::raw_argument : 0) |
                 (job.has_separate_calls() ? RunHeader::separate_calls : 0) |
                 (measured == Measured::yes ? RunHeader::measured : 0);
  return header;
}

}  // namespace

std::size_t append_run(WorkerProcesses& processes, WorkerLink& link, const CallJob& job,
                       const Assignment& assignment, Measured measured) {
  const Arguments& arguments = job.arguments();
  const detail::Bytes& definition = arguments.definition()->bytes;
  const Arguments::Part part = arguments.part(assignment.first);
  link.forget_attachment_groups(job.id, part.oldest_attachment_group);
  link.send_descriptors(job.id, job.id, definition.attached());
  link.send_descriptors(job.id, part.attachment_group != 0 ? part.attachment_group : job.id,
                        part.attached);
  if (assignment.define) {
    protocol::append_message(link.outbox.tail(), protocol::Type::define,
                             protocol::DefineHeader{job.id}, definition.view());
  }
  RunHeader header = header_of(job, part, assignment, measured);
  if (job.terms().output != Output::inherit &&
      processes.expect_output(link, assignment.sequence, job.terms()))
    header.flags |= output_flags(job.terms().output);
  RunFrame frame(link.outbox, job);
  frame.copy(std::as_bytes(std::span(&header, 1)));
  frame.copy(definition.view().first(header.define));
  frame.copy(job.terms().retry_if.view());
  arguments.append_to(frame, assignment.first, assignment.count);
  return frame.finish();
}

}  // namespace brood::pool

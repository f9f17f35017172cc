#include "pool/work.hpp"

#include "pool/worker_link.hpp"
#include "protocol/messages.hpp"
#include "wire/frame.hpp"

namespace brood::pool {

using protocol::RunHeader;
using protocol::Type;

void append_run(WorkerLink& link, const Work& work, const Assignment& assignment) {
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
  header.attempt = assignment.attempt;
  header.flags = (work.timeout() ? RunHeader::timed : 0) | (work.whole() ? RunHeader::whole : 0);
  detail::Bytes& tail = link.outbox.tail();
  const std::size_t frame = wire::begin_frame(tail, static_cast<std::uint16_t>(Type::run));
  tail.append(&header, sizeof header);
  tail.append(definition.data(), header.define);
  work.append_arguments(link.outbox, tail, frame, assignment.first, assignment.count);
}

}  // namespace brood::pool

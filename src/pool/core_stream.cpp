#include <utility>

#include "base/log.hpp"
#include "pool/core.hpp"
#include "pool/dispatcher.hpp"
#include "wire/exception.hpp"

// From a worker's stream to the scheduler and the jobs, and back.
namespace brood::pool {

/// What one worker says. Under the core's lock.
class Core::StreamEvents final : public protocol::ParentEvents {
 public:
  StreamEvents(Core& core, WorkerLink& link)
      : core_(core), link_(link), now_(std::chrono::steady_clock::now()) {}

  void on_greeting(const protocol::GreetingHeader& greeting) override {
    core_.supervisor_.check_greeting(greeting);
  }
  void on_ready() override { core_.scheduler_.worker_ready(link_.id, now_); }
  void on_start_failed(std::span<const std::byte> exception) override {
    core_.note_start_error(
        std::make_exception_ptr(StartError(core_.supervisor_.method_name(), "initializer",
                                           wire::describe_encoded_exception(exception))));
    core_.scheduler_.initializer_failed(link_.id);
  }
  void on_results(const protocol::ResultsHeader& header,
                  std::span<const std::byte> results) override {
    JobState* const state = told({header.job, header.first, header.count, header.elapsed, false});
    if (state == nullptr) return;
    state->deliver(header.first, header.count, header.stride, header.folded != 0, results);
  }
  void on_failed(const protocol::FailedHeader& header,
                 std::span<const std::byte> exception) override {
    JobState* const state = told({header.job, header.index, 1, header.elapsed, true});
    if (state == nullptr) return;
    auto failure = std::make_unique<detail::Failure>();
    failure->encoded = std::make_shared<const detail::Bytes>(exception);
    failure->worker = link_.identity();
    state->deliver(header.index, std::move(failure));
  }
  void on_skipped(std::uint64_t) override { core_.scheduler_.revocation_done(link_.id); }
  void on_exhausted() override { core_.scheduler_.retire(link_.id); }
  void on_log(const protocol::LogRecord& record) override {
    core_.callbacks_.post([worker = link_.name, record] {
      base::log_from_worker(worker, record.level, record.logger, record.text);
    });
  }

 private:
  // The job that wants these outcomes, if it does. What they lead to is carried out after they have
  // been delivered.
  JobState* told(const Outcomes& outcomes) {
    switch (core_.scheduler_.outcomes(link_.id, outcomes, now_)) {
      case Scheduler::Told::nonsense:
        throw CodecError(CodecError::Direction::decode, "message of a worker",
                         "a result that nobody has asked for");
      case Scheduler::Told::unwanted:
        return nullptr;
      case Scheduler::Told::wanted:
        break;
    }
    return core_.find_job(outcomes.job);
  }

  Core& core_;
  WorkerLink& link_;
  const Time now_;
};

void Core::parse(WorkerLink& link) {
  StreamEvents events(*this, link);
  link.stream.parse(events);
}

void Core::parse_rest(WorkerLink& link) {
  StreamEvents events(*this, link);
  if (link.has_page()) {
    link.stream.finish(protocol::snapshot(*link.page()), events);
  } else {
    link.stream.parse(events);
  }
}

void Core::harvest(WorkerLink& link) {
  if (!link.has_page()) return;
  std::vector<std::byte> storage;
  const auto page = protocol::stable_copy(*link.page(), storage);
  if (!page) return;
  StreamEvents events(*this, link);
  link.stream.harvest(*page, events);
}

namespace {
constexpr std::size_t worth_lending = 4 * 1024;  // bytes; less is copied behind the frame's header
}

void append_definition(WorkerLink& link, const JobState& job) {
  protocol::append_message(link.outbox.tail(), protocol::Type::define,
                           protocol::DefineHeader{job.id}, job.definition());
}

// The rest of a frame: small arguments are copied, larger ones stay where they are until they are
// written. `tail` is the part that the frame was begun in: asking the outbox again may give a new
// one.
void append_arguments(WorkerLink& link, detail::Bytes& tail, const JobState& job,
                      const Arguments& arguments, std::size_t frame) {
  const detail::Payload& payload = job.spec().elements.payload;
  if (arguments.segment == nullptr && !payload.contiguous()) {
    wire::finish_frame(tail, frame, payload.size());
    payload.for_each_part([&](std::span<const std::byte> part) {
      link.outbox.lend(part, job.keep(arguments), job.id);
    });
  } else if (arguments.bytes.size() < worth_lending) {
    tail.append(arguments.bytes.data(), arguments.bytes.size());
    wire::finish_frame(tail, frame);
  } else {
    wire::finish_frame(tail, frame, arguments.bytes.size());
    link.outbox.lend(arguments.bytes, job.keep(arguments), job.id);
  }
}

void append_run(WorkerLink& link, const JobState& job, const Assignment& assignment) {
  if (assignment.define) append_definition(link, job);
  const Arguments arguments = job.arguments(assignment.first, assignment.count);
  const bool single = job.spec().kind == detail::JobKind::single;
  protocol::RunHeader header{};
  header.job = job.id;
  header.first = assignment.first;
  header.count = assignment.count;
  header.sequence = assignment.sequence;
  header.stride = arguments.stride;
  header.define = single ? job.definition().size() : 0;
  header.attempt = assignment.attempt;
  header.flags = (job.spec().timeout ? protocol::RunHeader::timed : 0) |
                 (single ? protocol::RunHeader::whole : 0);
  detail::Bytes& tail = link.outbox.tail();
  const std::size_t frame =
      wire::begin_frame(tail, static_cast<std::uint16_t>(protocol::Type::run));
  tail.append(&header, sizeof header);
  if (single) tail.append(job.definition().data(), job.definition().size());
  append_arguments(link, tail, job, arguments, frame);
}

}  // namespace brood::pool

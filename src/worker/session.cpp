#include "worker/session.hpp"

#include <exception>
#include <new>

#include "wire/code_ref.hpp"
#include "worker/run_access.hpp"
#include "worker/session_input.hpp"
#include "worker/task_in_progress.hpp"

namespace brood::worker {

using protocol::Type;

namespace {

using RetryIf = bool (*)(std::exception_ptr);
RetryIf take_predicate(std::span<const std::byte> encoded) {
  Reader reader(encoded);
  return detail::take_code_as<RetryIf>(reader);
}

}  // namespace

Session::Session(SessionProcess& process, protocol::WorkerPage& page, const SessionSizes& sizes)
    : process_(process),
      large_frame_(sizes.tasks.large_frame),
      results_(process, page, sizes.results),
      stops_(process, page),
      input_(process, page, sizes.tasks) {}

bool Session::read_more() try { return input_.wait_for_more(); } catch (const std::bad_alloc&) {
  if (run_arriving(Whose::of_several)) return true;
  throw;
}

wire::Frame Session::first_frame() {
  for (;;) {
    const auto frame = input_.next();
    if (!frame && !read_more()) process_.end(exit_orphaned);
    if (!frame) continue;
    if (static_cast<Type>(frame->type) != Type::fetch) return *frame;
    process_.receive_descriptors();
  }
}

const protocol::WorkerSetup& Session::greet() {
  const wire::Frame frame = first_frame();
  const protocol::GreetingHeader greeting = {protocol::version, wire::program_build_id()};
  results_.send(Type::greeting, std::as_bytes(std::span(&greeting, 1)));
  setup_ = protocol::decode_setup(frame.payload);
  if (setup_.protocol_version != protocol::version ||
      setup_.preparation.build != wire::program_build_id()) {
    results_.flush();
    process_.end(protocol::exit_mismatch);
  }
  results_.set_message_limit(setup_.message_limit);
  return setup_;
}

void Session::ready() {
  results_.send(Type::ready, {});
  results_.flush();
}

void Session::fail_to_start(Type type, std::span<const std::byte> why) {
  results_.send(type, why);
  results_.flush();
}

void Session::serve() {
  for (;;) {
    while (const auto frame = input_.next()) handle(*frame);
    if (run_arriving(Whose::of_one)) continue;
    check_resident(std::chrono::milliseconds(0));
    results_.flush();
    input_.shrink();
    if (!read_more()) return;
    results_.begin_lap();  // it may have been idle
  }
}

void Session::handle(const wire::Frame& frame) {
  results_.acknowledge_revocation();
  std::span<const std::byte> payload = frame.payload;
  switch (static_cast<Type>(frame.type)) {
    case Type::define:
      return define(payload);
    case Type::run: {
      const auto header = protocol::take_header<protocol::RunHeader>(payload);
      return run(header, payload, nullptr);
    }
    case Type::wake:
      return;  // every frame makes the worker look
    case Type::fetch:
      return process_.receive_descriptors();
    case Type::forget:
      return forget(protocol::take_header<protocol::ForgetHeader>(payload).job);
    default:
      process_.end(exit_broken_channel);
  }
}

// A large argument is decoded as it arrives: there is no memory for all of its bytes beside the
// value's own. The element has begun, then. Those of several elements come as a whole, for their
// lengths are read one by one; but where memory does not suffice for that, each has its own end.
bool Session::run_arriving(Whose whose) {
  const auto arriving = input_.unfinished(whose == Whose::of_one ? large_frame_ : 0);
  if (!arriving || static_cast<Type>(arriving->frame.type) != Type::run) return false;
  std::span<const std::byte> payload = arriving->frame.payload;
  if (payload.size() < sizeof(protocol::RunHeader)) return false;
  const auto header = protocol::take_header<protocol::RunHeader>(payload);
  if (header.count != 1 && whose == Whose::of_one) return false;
  if (payload.size() < header.define + header.retry_if) return false;
  results_.acknowledge_revocation();
  results_.flush();  // the owner may take its time
  input_.pass_over_unfinished();
  RestOfFrame rest(process_, input_, arriving->missing);
  run(header, payload, &rest);
  rest.skip();
  return true;
}

void Session::define(std::span<const std::byte> payload) {
  const auto header = protocol::take_header<protocol::DefineHeader>(payload);
  definitions_.insert_or_assign(header.job, Definition(payload));
}

void Session::forget(std::uint64_t job) {
  definitions_.erase(job);
  process_.drop_descriptors(job);
}

void Session::run(const protocol::RunHeader& header, std::span<const std::byte> payload,
                  detail::Supply* rest) {
  if (results_.dropped(header.sequence)) return;
  const auto predicate = payload.subspan(header.define, header.retry_if);
  results_.begin(run_, header, Reader(payload.subspan(header.define + header.retry_if), rest));
  const TaskInProgress mark(run_, &results_, &stops_);
  if (header.define != 0) {
    if (!last_.is(payload.first(header.define))) last_ = Definition(payload.first(header.define));
    run_defined(last_, predicate);
  } else {
    run_defined(definitions_.at(header.job), predicate);
  }
  process_.end_if_copy();
  results_.end(run_, header);
  process_.tell_of_copies();
  check_resident(std::chrono::milliseconds(10));
  results_.flush_if_due();
}

void Session::run_defined(Definition& definition, std::span<const std::byte> predicate) {
  detail::Runner runner = nullptr;
  try {
    runner = definition.prepare(run_);
    if (!predicate.empty()) detail::RunAccess::ask(run_, take_predicate(predicate));
  } catch (const CodecError&) {
    while (run_.next()) run_.fail();  // every element has this outcome
    return;
  }
  runner(run_);
}

// Between two chunks; `interval` after the last check. The limit is one for what stays, not for
// peaks.
void Session::check_resident(std::chrono::milliseconds interval) {
  if (!setup_.limits.resident || exhausted_) return;
  const auto now = process_.now();
  if (now < last_check_ + interval) return;
  last_check_ = now;
  if (process_.resident() <= *setup_.limits.resident) return;
  exhausted_ = true;
  results_.send(Type::exhausted, {});
  results_.flush();
}

}  // namespace brood::worker

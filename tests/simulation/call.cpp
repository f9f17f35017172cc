#include "call.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <brood/codec.hpp>
#include "pool/calls/run_frame.hpp"
#include "process.hpp"

namespace brood::simulation {

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw Violation(what);
}

std::uint64_t take_number(Reader& reader) {
  std::uint64_t value = 0;
  reader.read(&value, sizeof value);
  return value;
}

void check_folded(const JobPlan& plan, JobId job, const pool::ArrivedResults& results) {
  Reader reader(results.bytes);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < results.count; ++i) sum += value_of(job, results.first + i);
  require(plan.folded && take_number(reader) == sizeof sum && take_number(reader) == sum,
          "a wrong folded result");
}

void check_text(Reader& reader, std::uint64_t value, std::size_t size) {
  require(take_number(reader) == size + sizeof value && take_number(reader) == size,
          "a result of the wrong size");
  const auto text = reader.take(size);
  const auto letter = static_cast<std::byte>('a' + value % 26);
  require(size == 0 || (text.front() == letter && text.back() == letter), "a wrong text");
}

// The results of consecutive elements, byte by byte.
void check_results(const JobPlan& plan, JobId job, const pool::ArrivedResults& results) {
  if (results.shape.folded) return check_folded(plan, job, results);
  Reader reader(results.bytes);
  for (std::size_t index = results.first; index < results.first + results.count; ++index) {
    const std::uint64_t value = value_of(job, index);
    if (plan.result == ResultKind::nothing) {
      require(results.shape.stride == 1, "a wrong stride");
      reader.take(1);
    } else if (plan.result == ResultKind::number) {
      require(results.shape.stride == sizeof value && take_number(reader) == value,
              "a wrong result");
    } else {
      check_text(reader, value, text_size_of(job, index, plan.text_size));
    }
  }
  require(reader.left() == 0, "bytes behind the results");
}

std::shared_ptr<const detail::CallTerms> terms_of(const JobPlan& plan) {
  auto terms = std::make_shared<detail::CallTerms>();
  terms->timeout = plan.traits.timeout;
  terms->retry_if = Process::retry_if_of(plan);
  return terms;
}

detail::ResultShape shape_of(const JobPlan& plan) {
  if (plan.folded) return {detail::variable_stride, true};
  switch (plan.result) {
    case ResultKind::nothing:
      return {1, false};
    case ResultKind::number:
      return {sizeof(std::uint64_t), false};
    case ResultKind::text:
      break;
  }
  return {detail::variable_stride, false};
}

}  // namespace

CallArguments::CallArguments(const JobPlan& plan, std::size_t count)
    : Arguments(nullptr, {.self_contained = plan.traits.self_contained, .fills_frame = plan.single},
                count),
      plan_(plan),
      handles_(handles_of(plan)) {}

// They are never looked into: they only have to differ.
std::vector<detail::DescriptorRef> CallArguments::handles_of(const JobPlan& plan) {
  const auto memory = std::make_shared<std::array<std::byte, 8>>();
  std::vector<detail::DescriptorRef> handles;
  for (std::size_t i = 0; i < plan.brings; ++i) {
    const void* const place = memory->data() + i;
    handles.emplace_back(memory, static_cast<const detail::SharedDescriptor*>(place));
  }
  return handles;
}

void CallArguments::define(JobId job) {
  job_ = job;
  Arguments::define(
      std::make_shared<const detail::Definition>(detail::Definition{Process::definition_of(job)}));
}

pool::Arguments::Part CallArguments::part(std::size_t) const noexcept {
  return {.stride = plan_.fixed_arguments && !fills_frame() ? bytes_per_element() : 0,
          .attached = handles_};
}

std::size_t CallArguments::bytes_per_element() const noexcept {
  const std::size_t length = plan_.fixed_arguments || fills_frame() ? 0 : sizeof(std::uint64_t);
  return length + 2 * sizeof(std::uint64_t) + plan_.padding;
}

std::vector<std::byte> CallArguments::encode(std::size_t first, std::size_t count) const {
  std::vector<std::byte> all;
  const auto put = [&all](std::uint64_t number) {
    const auto bytes = std::as_bytes(std::span(&number, 1));
    all.insert(all.end(), bytes.begin(), bytes.end());
  };
  for (std::size_t i = first; i < first + count; ++i) {
    if (!plan_.fixed_arguments && !fills_frame()) put(2 * sizeof(std::uint64_t) + plan_.padding);
    put(job_);
    put(i);
    all.insert(all.end(), plan_.padding, padding_of(i));
  }
  return all;
}

void CallArguments::append_to(pool::RunFrame& frame, std::size_t first, std::size_t count) const {
  if (!plan_.borrows) return frame.copy(encode(first, count));
  if (!borrowed_) borrowed_ = std::make_shared<std::vector<std::byte>>(encode(0, this->count()));
  const std::size_t each = bytes_per_element();
  const auto bytes = std::span<const std::byte>(*borrowed_).subspan(first * each, count * each);
  frame.borrow(bytes, borrowed_);
}

void CallArguments::spoil() noexcept {
  if (borrowed_) std::fill(borrowed_->begin(), borrowed_->end(), std::byte{0xdd});
}

Call::Call(Referee& referee, const JobPlan& plan, std::size_t count)
    : CallJob(terms_of(plan), shape_of(plan)),
      referee_(referee),
      plan_(plan),
      arguments_(plan_, count) {}

bool Call::cut_short() noexcept { return std::exchange(open_stream_, false); }

void Call::deliver(const pool::ArrivedResults& results, pool::Callbacks&) {
  try {
    require(!finished_, "a result of a call that has ended");
    if (!results.bytes.empty()) return check_results(plan_, id, results);
    require(taken_ && results.count == 1 && results.first == 0,
            "a result without bytes that its caller has not taken");
  } catch (const Violation& violation) {
    referee_.note(violation);
  }
}

void Call::fail(std::size_t index, std::unique_ptr<detail::Failure> failure, pool::Callbacks&) {
  try {
    require(!finished_, "a failure of a call that has ended");
    require(index < arguments_.count() && failure != nullptr,
            "a failure of an element that is not there");
  } catch (const Violation& violation) {
    referee_.note(violation);
  }
}

void Call::finish(const std::exception_ptr&, pool::Callbacks&) noexcept {
  finished_ = true;
  if (!driven) spoil_what_is_borrowed();  // else its caller is still at the worker's page
  try {
    referee_.caller_told(id);
  } catch (const Violation& violation) {
    referee_.note(violation);
  }
}

}  // namespace brood::simulation

#include "call.hpp"

#include <algorithm>
#include <utility>

#include <brood/codec.hpp>
#include "pool/driver/outbox.hpp"
#include "process.hpp"
#include "wire/frame.hpp"

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

void check_folded(const JobPlan& plan, JobId job, const pool::Results& results) {
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
void check_results(const JobPlan& plan, JobId job, const pool::Results& results) {
  if (results.folded) return check_folded(plan, job, results);
  Reader reader(results.bytes);
  for (std::size_t index = results.first; index < results.first + results.count; ++index) {
    const std::uint64_t value = value_of(job, index);
    if (plan.result == ResultKind::nothing) {
      require(results.stride == 1, "a wrong stride");
      reader.take(1);
    } else if (plan.result == ResultKind::number) {
      require(results.stride == sizeof value && take_number(reader) == value, "a wrong result");
    } else {
      check_text(reader, value, text_size_of(job, index, plan.text_size));
    }
  }
  require(reader.left() == 0, "bytes behind the results");
}

}  // namespace

Call::Call(Referee& referee, const JobPlan& plan, std::size_t count)
    : referee_(referee), plan_(plan), count_(count) {
  terms_.timeout = plan.traits.timeout;
  terms_.retry_if = Process::retry_if_of(plan);
}

void Call::define() { definition_ = Process::definition_of(id); }

std::size_t Call::stride(std::size_t) const noexcept {
  return plan_.fixed_arguments && !whole() ? bytes_per_element() : 0;
}

std::size_t Call::bytes_per_element() const noexcept {
  const std::size_t length = plan_.fixed_arguments || whole() ? 0 : sizeof(std::uint64_t);
  return length + 2 * sizeof(std::uint64_t) + plan_.padding;
}

Call::Arguments Call::arguments(std::size_t first, std::size_t count) const {
  Arguments all;
  const auto put = [&all](std::uint64_t number) {
    const auto bytes = std::as_bytes(std::span(&number, 1));
    all.insert(all.end(), bytes.begin(), bytes.end());
  };
  for (std::size_t i = first; i < first + count; ++i) {
    if (!plan_.fixed_arguments && !whole()) put(2 * sizeof(std::uint64_t) + plan_.padding);
    put(id);
    put(i);
    all.insert(all.end(), plan_.padding, padding_of(i));
  }
  return all;
}

void Call::append_arguments(pool::Outbox& outbox, detail::Bytes& tail, std::size_t frame,
                            std::size_t first, std::size_t count) const {
  if (!plan_.borrows) {
    const Arguments bytes = arguments(first, count);
    tail.append(bytes.data(), bytes.size());
    return wire::finish_frame(tail, frame);
  }
  if (!borrowed_) borrowed_ = std::make_shared<Arguments>(arguments(0, count_));
  const std::size_t each = bytes_per_element();
  const auto bytes = std::span<const std::byte>(*borrowed_).subspan(first * each, count * each);
  wire::finish_frame(tail, frame, bytes.size());
  outbox.borrow(bytes, borrowed_, id);
}

detail::ResultShape Call::result_shape() const noexcept {
  if (plan_.folded) return {detail::variable_stride, true};
  switch (plan_.result) {
    case ResultKind::nothing:
      return {1, false};
    case ResultKind::number:
      return {sizeof(std::uint64_t), false};
    case ResultKind::text:
      break;
  }
  return {detail::variable_stride, false};
}

void Call::deliver(const pool::Results& results, pool::Callbacks&) {
  try {
    require(!finished_, "a result of a call that has ended");
    check_results(plan_, id, results);
  } catch (const Violation& violation) {
    referee_.note(violation);
  }
}

void Call::fail(std::size_t index, std::unique_ptr<detail::Failure> failure, pool::Callbacks&) {
  try {
    require(!finished_, "a failure of a call that has ended");
    require(index < count_ && failure != nullptr, "a failure of an element that is not there");
  } catch (const Violation& violation) {
    referee_.note(violation);
  }
}

void Call::finish(const std::exception_ptr&, pool::Callbacks&) noexcept {
  finished_ = true;
  if (!driven) spoil_what_is_borrowed();  // else its caller is still at the worker's pipes
  try {
    referee_.caller_told(id);
  } catch (const Violation& violation) {
    referee_.note(violation);
  }
}

void Call::spoil_what_is_borrowed() noexcept {
  if (borrowed_) std::fill(borrowed_->begin(), borrowed_->end(), std::byte{0xdd});
}

}  // namespace brood::simulation

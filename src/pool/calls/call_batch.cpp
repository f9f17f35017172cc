#include "pool/calls/call_batch.hpp"

#include <algorithm>
#include <utility>

#include "pool/driver/worker_link.hpp"
#include "protocol/parent_side.hpp"
#include "wire/frame.hpp"

namespace brood::pool {

namespace {

constexpr std::size_t largest_argument = 4 * 1024;  // bytes; what is larger travels alone

std::size_t argument_size(const CallState& call) { return call.spec().elements.payload.size(); }

bool can_travel_with_others(const CallState& call) {
  const detail::JobSpec& spec = call.spec();
  return spec.kind == detail::JobKind::single && !call.borrows() && !call.has_attachments() &&
         argument_size(call) <= largest_argument;
}

// A definition is shared only by calls of a function that has no state, which are all alike.
bool alike(const CallState& one, const CallState& other) {
  return one.spec().definition == other.spec().definition &&
         one.spec().results == other.spec().results &&
         (one.spec().terms == other.spec().terms || one.terms() == other.terms());
}

}  // namespace

std::size_t CallBatch::length(std::span<const std::shared_ptr<CallState>> calls) {
  const CallState& first = *calls.front();
  if (!can_travel_with_others(first)) return 1;
  const auto end = std::find_if(calls.begin() + 1, calls.end(), [&](const auto& call) {
    return !alike(first, *call) || !can_travel_with_others(*call);
  });
  return static_cast<std::size_t>(end - calls.begin());
}

CallBatch::CallBatch(std::span<std::shared_ptr<CallState>> calls)
    : definition_(calls.front()->spec().definition),
      terms_(calls.front()->spec().terms),
      results_(calls.front()->spec().results),
      stride_(argument_size(*calls.front())) {
  calls_.reserve(calls.size());
  for (std::shared_ptr<CallState>& call : calls) {
    const std::size_t size = argument_size(*call);
    bytes_ += size;
    if (size != stride_) stride_ = 0;
    calls_.push_back(std::move(call));
  }
}

void CallBatch::tell_calls_their_places() {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    calls_[i]->id = id;
    calls_[i]->place = i;
  }
}

JobTraits CallBatch::traits() const {
  JobTraits traits = traits_of(terms());
  traits.self_contained = true;
  traits.fail_fast = false;  // each has its own end
  traits.definition_bytes = definition_->bytes.size();
  traits.cost_key = definition_->cost_key;
  traits.element_bytes = bytes_ / calls_.size();
  return traits;
}

void CallBatch::append_arguments(Outbox&, detail::Bytes& tail, std::size_t frame, std::size_t first,
                                 std::size_t count) const {
  for (std::size_t i = first; i < first + count; ++i) {
    const std::span<const std::byte> argument = calls_[i]->spec().elements.payload.view();
    const std::uint64_t length = argument.size();
    if (stride_ == 0) tail.append(&length, sizeof length);
    tail.append(argument.data(), argument.size());
  }
  wire::finish_frame(tail, frame);
}

// A call keeps its place until it has its result: one that memory is refused for is failed there.
void CallBatch::deliver(const Results& results, Callbacks& callbacks) {
  std::span<const std::byte> rest = results.bytes;
  for (std::size_t i = results.first; i < results.first + results.count; ++i) {
    const std::size_t size = protocol::extent_of_results(results.stride, 1, rest);
    const std::span<const std::byte> bytes = rest.first(size);
    rest = rest.subspan(size);
    if (!calls_[i]) continue;
    calls_[i]->conclude({0, 1, results.stride, false, bytes, results.attached}, callbacks);
    calls_[i].reset();
  }
}

void CallBatch::fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
                     Callbacks& callbacks) {
  const std::shared_ptr<CallState> call = calls_[index];
  if (call && !call->finished()) {
    call->fail(0, std::move(failure), callbacks);
    call->finish(nullptr, callbacks);
  }
  calls_[index].reset();
}

void CallBatch::cancelled(std::size_t index, const std::exception_ptr& reason,
                          Callbacks& callbacks) noexcept {
  const std::shared_ptr<CallState> call = std::exchange(calls_[index], nullptr);
  if (call && !call->finished()) call->finish(reason, callbacks);
}

void CallBatch::finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept {
  finished_ = true;
  for (std::shared_ptr<CallState>& slot : calls_) {
    const auto call = std::exchange(slot, nullptr);
    if (call && !call->finished()) call->finish(error, callbacks);
  }
}

}  // namespace brood::pool

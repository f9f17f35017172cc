#include "pool/calls/call_batch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "pool/calls/run_frame.hpp"
#include "protocol/parent_side.hpp"

namespace brood::pool {

namespace {

constexpr std::size_t largest_argument = 4 * 1024;  // bytes; what is larger travels alone

std::span<const std::byte> argument_of(const CallState& call) BROOD_REQUIRES(core_lock) {
  return call.arguments().payload().view();
}

bool can_travel_with_others(const CallState& call) BROOD_REQUIRES(core_lock) {
  const CallArguments& arguments = call.arguments();
  return arguments.self_contained() && !arguments.borrows() &&
         arguments.payload().size() <= largest_argument;
}

// A definition is shared only by calls of a function that has no state, which are all alike.
bool alike(const CallState& one, const CallState& other) BROOD_REQUIRES(core_lock) {
  return one.arguments().definition() == other.arguments().definition() &&
         one.result_shape() == other.result_shape() &&
         (&one.terms() == &other.terms() || one.terms() == other.terms());
}

}  // namespace

BatchArguments::BatchArguments(std::span<const std::shared_ptr<CallState>> calls)
    : Arguments(calls.front()->arguments().definition(),
                {.self_contained = true, .fills_frame = false}, calls.size()),
      calls_(calls),
      stride_(argument_of(*calls.front()).size()) {
  for (const std::shared_ptr<CallState>& call : calls) {
    const std::size_t size = argument_of(*call).size();
    bytes_ += size;
    if (size != stride_) stride_ = 0;
  }
}

void BatchArguments::append_to(RunFrame& frame, std::size_t first, std::size_t count) const {
  for (const std::shared_ptr<CallState>& call : calls_.subspan(first, count)) {
    const std::span<const std::byte> argument = argument_of(*call);
    const std::uint64_t length = argument.size();
    if (stride_ == 0) frame.copy(std::as_bytes(std::span(&length, 1)));
    frame.copy(argument);
  }
}

std::size_t CallBatch::length(std::span<const std::shared_ptr<CallState>> calls) {
  const CallState& first = *calls.front();
  if (!can_travel_with_others(first)) return 1;
  const auto end =
      std::find_if(calls.begin() + 1, calls.end(), [&](const auto& call) BROOD_REQUIRES(core_lock) {
        return !alike(first, *call) || !can_travel_with_others(*call);
      });
  return static_cast<std::size_t>(end - calls.begin());
}

CallBatch::CallBatch(std::span<std::shared_ptr<CallState>> calls)
    : CallJob(calls.front()->shared_terms(), calls.front()->result_shape()),
      calls_(std::move_iterator(calls.begin()), std::move_iterator(calls.end())),
      arguments_(calls_) {}

void CallBatch::set_indices_in_batch() {
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    calls_[i]->id = id;
    calls_[i]->index_in_batch = i;
  }
}

JobTraits CallBatch::traits() const {
  JobTraits traits = traits_of(terms());
  traits.self_contained = true;
  traits.fail_fast = false;  // each has its own end
  traits.definition_bytes = arguments_.definition()->bytes.size();
  traits.cost_key = arguments_.definition()->cost_key;
  traits.element_bytes = arguments_.mean_size();
  return traits;
}

// A call keeps its place until it has its result: one that memory is refused for is failed there.
void CallBatch::deliver(const ArrivedResults& results, Callbacks& callbacks) {
  std::span<const std::byte> rest = results.bytes;
  for (std::size_t i = results.first; i < results.first + results.count; ++i) {
    const std::size_t size = protocol::extent_of_results(results.shape.stride, 1, rest);
    const std::span<const std::byte> bytes = rest.first(size);
    rest = rest.subspan(size);
    if (!calls_[i]) continue;
    calls_[i]->conclude({0, 1, results.shape, bytes, results.attached}, callbacks);
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

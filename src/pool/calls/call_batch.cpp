#include "pool/calls/call_batch.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "protocol/parent_side.hpp"

namespace brood::pool {

CallBatch::CallBatch(CallRun&& run, std::span<std::shared_ptr<SmallCall>> calls)
    : CallJob(std::move(run.spec().terms), run.spec().results),
      arguments_(std::move(run.spec().definition), std::move(run.spec().elements)),
      calls_(std::move_iterator(calls.begin()), std::move_iterator(calls.end())) {}

void CallBatch::set_indices() {
  for (std::size_t i = 0; i < calls_.size(); ++i) calls_[i]->set_index(id, i);
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
    const auto output = results.outputs.subspan(results.outputs.empty() ? 0 : i - results.first);
    calls_[i]->succeed({0, 1, results.shape, bytes, results.attached,
                        output.first(std::min<std::size_t>(output.size(), 1))},
                       callbacks);
    calls_[i].reset();
  }
}

void CallBatch::fail(std::size_t index, std::unique_ptr<detail::Failure> failure,
                     Callbacks& callbacks) {
  if (!calls_[index]) return;
  calls_[index]->fail(std::move(failure), callbacks);
  calls_[index].reset();
}

void CallBatch::cancelled(std::size_t index, const std::exception_ptr& reason,
                          Callbacks& callbacks) noexcept {
  if (const auto call = std::exchange(calls_[index], nullptr)) call->conclude(reason, callbacks);
}

std::size_t CallBatch::open_among(std::size_t first, std::size_t count) const noexcept {
  const auto begin = calls_.begin() + static_cast<std::ptrdiff_t>(first);
  return count - static_cast<std::size_t>(
                     std::count(begin, begin + static_cast<std::ptrdiff_t>(count), nullptr));
}

void CallBatch::finish(const std::exception_ptr& error, Callbacks& callbacks) noexcept {
  finished_ = true;
  for (std::shared_ptr<SmallCall>& slot : calls_) {
    if (const auto call = std::exchange(slot, nullptr)) call->conclude(error, callbacks);
  }
}

}  // namespace brood::pool

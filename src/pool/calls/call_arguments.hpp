#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"
#include "pool/calls/arguments.hpp"

namespace brood::pool {

/// The arguments of a job: those that it came with, and those that a stream got later.
class CallArguments final : public Arguments {
 public:
  CallArguments(detail::JobKind kind, const std::shared_ptr<const detail::Definition>& definition,
                detail::Elements&& elements);
  /// Of a batch: small ones without descriptors.
  CallArguments(std::shared_ptr<const detail::Definition> definition, detail::Elements&& elements);

  Part part(std::size_t first) const noexcept override;
  /// Small ones are copied, larger ones stay where they are until they are written.
  void append_to(RunFrame& frame, std::size_t first, std::size_t count) const override
      BROOD_REQUIRES(core_lock);
  detail::Bytes element(std::size_t index) const override BROOD_REQUIRES(core_lock);
  std::size_t size_of(std::size_t index) const noexcept override BROOD_REQUIRES(core_lock);
  bool borrows() const noexcept override { return elements_.payload.borrows(); }

  /// Of each of those; 0: there are none.
  std::size_t mean_size() const noexcept {
    return elements_.count == 0 ? 0 : elements_.payload.size() / elements_.count;
  }
  void extend(detail::Elements&& more);
  /// So many elements of those from `first` on have their outcomes: a stream may be endless, and
  /// drops what it needs no more.
  void release(std::size_t first, std::size_t count);
  /// All of them are needed no more.
  void drop() noexcept;

 private:
  /// Elements [first, first + elements.count), which came later.
  struct Segment {
    std::size_t first = 0;
    detail::Elements elements;
    std::size_t resolved = 0;
    std::uint64_t attachment_group = 0;  // see Part
  };
  /// What brought element `index`; null: the job came with it.
  std::shared_ptr<Segment> segment(std::size_t index) const noexcept;

  detail::Elements elements_;
  std::vector<std::shared_ptr<Segment>> later_;
};

}  // namespace brood::pool

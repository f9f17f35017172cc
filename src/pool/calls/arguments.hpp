#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <brood/detail/pool/job.hpp>
#include "pool/base/core_lock.hpp"

namespace brood::pool {

class RunFrame;

/// What workers are sent for a job: its definition, and the arguments of its elements. Threads:
/// under the core's lock.
class Arguments {
 public:
  /// Arguments that came together.
  struct Part {
    // Bytes of each; 0: each with its length in front.
    std::size_t stride = 0;
    // Descriptors of shared objects in them.
    std::span<const detail::DescriptorRef> attached{};
    // Descriptors are dropped in the worker by groups: that of the job (0), or that of a part of
    // it, which ends before, when all parts older than `oldest_attachment_group` have ended.
    std::uint64_t attachment_group = 0, oldest_attachment_group = 0;
  };

  virtual ~Arguments() = default;

  /// Code reference of the runner, then the state of the function.
  const std::shared_ptr<const detail::Definition>& definition() const noexcept {
    return definition_;
  }
  /// Whether every chunk brings the definition.
  bool self_contained() const noexcept { return form_.self_contained; }
  /// Whether the only argument takes the rest of the frame.
  bool fills_frame() const noexcept { return form_.fills_frame; }
  /// The elements that have come so far.
  std::size_t count() const noexcept { return count_; }

  /// What the argument of element `first` came with.
  virtual Part part(std::size_t first) const noexcept = 0;
  /// Ends the frame with the arguments of elements [first, first + count), which came together.
  virtual void append_to(RunFrame& frame, std::size_t first, std::size_t count) const
      BROOD_REQUIRES(core_lock) = 0;
  /// A copy of what the worker reads for the argument of this element, and how much that is.
  virtual detail::Bytes element(std::size_t) const BROOD_REQUIRES(core_lock) { return {}; }
  virtual std::size_t size_of(std::size_t) const noexcept BROOD_REQUIRES(core_lock) { return 0; }
  /// Whether they lie in memory that is borrowed from the caller.
  virtual bool borrows() const noexcept { return false; }

 protected:
  struct Form {
    bool self_contained, fills_frame;
  };
  Arguments(std::shared_ptr<const detail::Definition> definition, Form form, std::size_t count)
      : definition_(std::move(definition)), form_(form), count_(count) {}
  void define(std::shared_ptr<const detail::Definition> definition) noexcept {
    definition_ = std::move(definition);
  }
  void grow(std::size_t count) noexcept { count_ += count; }

 private:
  std::shared_ptr<const detail::Definition> definition_;
  const Form form_;
  std::size_t count_;
};

}  // namespace brood::pool

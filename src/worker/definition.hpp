#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/pool/result_shape.hpp>

#include "worker/run_access.hpp"

namespace brood::worker {

/// The function of a job, as the owner sent it: kept from its `define` to its `forget`.
class Definition {
 public:
  explicit Definition(std::span<const std::byte> encoded) : encoded_(encoded) {}

  bool is(std::span<const std::byte> encoded) const noexcept {
    return encoded.size() == encoded_.size() &&
           std::equal(encoded.begin(), encoded.end(), encoded_.data());
  }
  /// Gives the run its function. Throws CodecError when the runner is not in this program.
  detail::Runner prepare(detail::Run& run) {
    if (runner_ == nullptr) {
      Reader reader(encoded_.view());
      runner_ = detail::take_code_as<detail::Runner>(reader);
      state_ = encoded_.view().last(reader.left());
    }
    detail::RunAccess::function(run, state_, function_);
    return runner_;
  }

 private:
  detail::Bytes encoded_;
  detail::Runner runner_ = nullptr;
  std::span<const std::byte> state_;
  std::shared_ptr<void> function_;  // decoded by the run at its first use
};

}  // namespace brood::worker

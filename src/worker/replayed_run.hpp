#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include <brood/detail/pool/run.hpp>
#include "protocol/page.hpp"
#include "wire/saved_element.hpp"

namespace brood::worker {

/// Runs one element whose outcome goes to no owner: without a page, a ring and frames.
class ReplayedRun final : private detail::OutcomeSink {
 public:
  explicit ReplayedRun(const wire::SavedElement& element) : element_(element) {}

  /// Once. Throws CodecError where the function is not in this program.
  void run();
  const std::exception_ptr& error() const noexcept { return error_; }
  /// The value, without the length that stands in front of some.
  std::vector<std::byte> value() const;

 private:
  void begin(detail::Run& run);
  // --- OutcomeSink ---
  void stamp() override {}
  bool keeps(std::uint64_t) override { return true; }
  void make_room(detail::Run& run, std::size_t count, std::uint32_t stride) override;
  void put_large(detail::Run& run, std::span<const std::byte> record,
                 std::span<const std::byte> rest) override;
  void fail(detail::Run&) override { error_ = std::current_exception(); }
  void abandon() override {}
  void put_folded(detail::Run&, std::size_t, std::span<const std::byte> record) override;
  void attach(detail::Run&, std::span<const detail::DescriptorRef>) override {}
  void decoded() override {}
  void ran() override {}

  const wire::SavedElement& element_;
  std::atomic<std::uint64_t> claimed_{0}, revocation_{detail::Run::not_revoked}, head_{0};
  std::vector<std::byte> room_;      // for a small result, which may have its length in front
  std::size_t length_in_front_ = 0;  // bytes
  std::exception_ptr error_;
};

}  // namespace brood::worker

#pragma once

#include "platform/escort.hpp"
#include "worker/result_stream.hpp"

namespace brood::worker {

/// The result pipe of this process. Whoever writes to it when the owner is gone ends the process.
class ResultPipe final : public ResultOutlet {
 public:
  ResultPipe(int descriptor, platform::Escort& escort) : descriptor_(descriptor), escort_(escort) {}
  void write(std::span<const std::byte> bytes) override;
  std::chrono::steady_clock::time_point now() noexcept override {
    return std::chrono::steady_clock::now();
  }
  bool escort(std::uint64_t job, const detail::DescriptorRef& descriptor) override;
  void wait_for_escort() override;

 private:
  int descriptor_;
  platform::Escort& escort_;
};

}  // namespace brood::worker

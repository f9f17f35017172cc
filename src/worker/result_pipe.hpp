#pragma once

#include "worker/result_stream.hpp"

namespace brood::worker {

/// The result pipe of this process. Whoever writes to it when the owner is gone ends the process.
class ResultPipe final : public ResultOutlet {
 public:
  explicit ResultPipe(int descriptor) : descriptor_(descriptor) {}
  void write(std::span<const std::byte> bytes) override;
  std::chrono::steady_clock::time_point now() noexcept override {
    return std::chrono::steady_clock::now();
  }

 private:
  int descriptor_;
};

}  // namespace brood::worker

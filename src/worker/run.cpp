#include <brood/detail/run.hpp>

#include <ctime>

namespace brood::detail {

RunHost::~RunHost() = default;

void Run::stamp() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  clock_->store(static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
                    static_cast<std::uint64_t>(now.tv_nsec),
                std::memory_order_release);
}

}  // namespace brood::detail

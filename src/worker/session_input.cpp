#include "worker/session_input.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace brood::worker {

void RestOfFrame::read(void* target, std::size_t count) {
  std::span<std::byte> missing(static_cast<std::byte*>(target), count);
  left_ -= count;
  while (!missing.empty()) {
    const std::size_t arrived = input_.read(missing);
    if (arrived == 0) process_.end(exit_orphaned);
    missing = missing.subspan(arrived);
  }
}

void RestOfFrame::skip() {
  std::array<std::byte, 64 * 1024> block;
  while (left_ != 0) read(block.data(), std::min(left_, block.size()));
}

}  // namespace brood::worker

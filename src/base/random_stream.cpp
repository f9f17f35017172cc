#include <brood/random.hpp>

#include <Random123/philox.h>

#include <algorithm>

namespace brood {

void RandomStream::compute() noexcept {
  using Philox = r123::Philox4x64;
  const Philox::ctr_type block = Philox()({{block_++, 0, stream_, 0}}, {{seed_, 0}});
  std::copy(block.begin(), block.end(), numbers_.begin());
  used_ = 0;
}

void RandomStream::discard(std::uint64_t count) noexcept {
  const std::uint64_t left = numbers_.size() - used_;
  if (count <= left) {
    used_ += count;
    return;
  }
  const std::uint64_t beyond = count - left - 1;
  block_ += beyond / numbers_.size();
  compute();
  used_ = beyond % numbers_.size() + 1;
}

}  // namespace brood

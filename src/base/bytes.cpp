#include <brood/detail/bytes.hpp>

namespace brood::detail {

void Bytes::attach(DescriptorRef descriptor) {
  if (!attached_) {
    attached_ = std::make_shared<Attachments>();
  } else if (attached_.use_count() > 1) {
    attached_ = std::make_shared<Attachments>(*attached_);
  }
  if (attached_->empty() || attached_->back() != descriptor)
    attached_->push_back(std::move(descriptor));
}

void Payload::lend(std::span<const std::byte> memory) {
  loans_.push_back({owned_.size(), memory});
  lent_ += memory.size();
}

}  // namespace brood::detail

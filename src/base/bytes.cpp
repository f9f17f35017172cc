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

void Payload::borrow(std::span<const std::byte> memory) {
  parts_.push_back({owned_.size(), memory});
  borrowed_ += memory.size();
}

}  // namespace brood::detail

#include "pool/base/outbox.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "protocol/messages.hpp"

namespace brood::pool {

namespace {
// Bytes; a part that has reached this is left for a new one.
constexpr std::size_t small_part = 64 * 1024;
}  // namespace

// The last part is kept when it has been written, with its memory, for the next small message.
detail::Bytes& Outbox::tail() {
  if (parts_.empty() || parts_.back().keeper || parts_.back().own.size() >= small_part)
    parts_.emplace_back();
  return parts_.back().own;
}

void Outbox::borrow(std::span<const std::byte> memory, std::shared_ptr<const void> keeper,
                    JobId job) {
  if (memory.empty()) return;
  Part part;
  part.borrowed = memory;
  part.keeper = std::move(keeper);
  part.job = job;
  parts_.push_back(std::move(part));
}

bool Outbox::detach(JobId job) noexcept try {
  for (Part& part : parts_) {
    if (!part.keeper || part.job != job) continue;
    part.own = detail::Bytes(part.borrowed);
    part.keeper.reset();
  }
  return true;
} catch (const std::bad_alloc&) {
  clear();
  return false;
}

bool Outbox::refers_to(JobId job) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [job](const Part& part) { return part.keeper && part.job == job; });
}

void Outbox::attach(std::uint64_t attachment_group,
                    std::span<const detail::DescriptorRef> descriptors) {
  if (descriptors.empty()) return;
  if (!empty() || parts_.empty()) parts_.emplace_back();
  Part& part = parts_.back();
  part.attachments.assign(descriptors.begin(), descriptors.end());
  part.attachment_group = attachment_group;
  protocol::append_message(part.own, protocol::Type::fetch);
}

void Outbox::attachments_are_left(std::size_t left) {
  std::vector<detail::DescriptorRef>& all = parts_.front().attachments;
  all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(left));
  protocol::append_message(parts_.emplace_front().own, protocol::Type::fetch);
}

std::size_t Outbox::gather(std::span<std::span<const std::byte>> views) const {
  std::size_t count = 0;
  for (auto part = parts_.begin(); part != parts_.end() && count < views.size(); ++part) {
    if (!part->attachments.empty()) break;
    views[count] = part->view().subspan(count == 0 ? written_ : 0);
    ++count;
  }
  return count;
}

void Outbox::consume(std::size_t count) {
  written_ += count;
  while (!parts_.empty() && written_ >= parts_.front().view().size()) {
    written_ -= parts_.front().view().size();
    if (parts_.size() == 1 && !parts_.front().keeper &&
        parts_.front().own.capacity() <= small_part) {
      parts_.front().own.clear();
      return;
    }
    parts_.pop_front();
  }
}

}  // namespace brood::pool

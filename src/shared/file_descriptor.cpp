#include <brood/file_descriptor.hpp>

#include <brood/codec.hpp>
#include <brood/errors.hpp>
#include "transfer/shared_descriptor.hpp"

namespace brood {

using detail::SharedDescriptor;

FileDescriptor::FileDescriptor(int number)
    : descriptor_(
          detail::share_descriptor(platform::duplicate(number), SharedDescriptor::Kind::stream)) {}

int FileDescriptor::get() const {
  if (!descriptor_) throw UsageError("brood::FileDescriptor: it refers to nothing");
  return descriptor_->get();
}

int FileDescriptor::duplicate() const { return platform::duplicate(get()).release(); }

void FileDescriptor::save(OutputArchive& archive) const {
  detail::put_descriptor(archive, descriptor_);
}

void FileDescriptor::load(InputArchive& archive) {
  detail::DescriptorRef found = detail::take_descriptor(archive);
  if (found->kind() != SharedDescriptor::Kind::stream)
    throw CodecError(CodecError::Direction::decode, "brood::FileDescriptor",
                     "the descriptor that came along belongs to a shared object");
  descriptor_ = std::move(found);
}

}  // namespace brood

#include <brood/file_descriptor.hpp>

#include <brood/codec.hpp>
#include <brood/errors.hpp>
#include "platform/shared_descriptor.hpp"

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

void FileDescriptor::load(InputArchive& archive) { descriptor_ = detail::take_descriptor(archive); }

}  // namespace brood

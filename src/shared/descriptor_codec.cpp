#include <brood/codec.hpp>
#include <brood/detail/codec/descriptor_ref.hpp>
#include <brood/errors.hpp>
#include "transfer/shared_descriptor.hpp"

namespace brood::detail {

void put_descriptor(OutputArchive& archive, const DescriptorRef& descriptor) {
  if (!descriptor)
    throw CodecError(CodecError::Direction::encode, "",
                     "a handle of a shared object that refers to nothing: it was default "
                     "constructed or moved from");
  const DescriptorRef alias = descriptor->alias();
  const DescriptorRef& sent = alias ? alias : descriptor;
  const SharedDescriptor::Token token = sent->token();
  archive.saveBinary(&token, sizeof token);
  archive.target().attach(sent);
}

DescriptorRef take_descriptor(InputArchive& archive) {
  SharedDescriptor::Token token;
  archive.loadBinary(&token, sizeof token);
  if (DescriptorRef found = find_descriptor(token, archive.source().descriptors())) return found;
  throw CodecError(
      CodecError::Direction::decode, "",
      "the descriptor of a shared object did not come along with its bytes, or found no free "
      "number in this process (ulimit -n)");
}

}  // namespace brood::detail

#include <brood/shared_memory.hpp>

#include <brood/codec.hpp>
#include <brood/detail/codec/descriptor_ref.hpp>
#include <brood/errors.hpp>
#include "platform/memory_file.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood {
namespace {

using detail::SharedDescriptor;

constexpr std::size_t longest_name = 255;  // NAME_MAX of tmpfs

const std::string& checked(const std::string& name) {
  const bool good = !name.empty() && name.size() <= longest_name && name != "." && name != ".." &&
                    name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
  if (!good)
    throw UsageError("brood: shared memory has a name of 1 to 255 characters without a slash");
  return name;
}

std::size_t checked(std::size_t size) {
  if (size == 0) throw UsageError("brood: shared memory has at least 1 byte");
  return size;
}

detail::DescriptorRef shared_file(platform::Descriptor descriptor) {
  return detail::share_descriptor(std::move(descriptor), SharedDescriptor::Kind::memory);
}

}  // namespace

SharedMemory::SharedMemory(detail::DescriptorRef descriptor, std::string name)
    : name_(std::move(name)) {
  const std::span<std::byte> memory = descriptor->memory();
  descriptor_ = std::move(descriptor);
  state_ = memory.data();
  size_ = memory.size();
}

SharedMemory::SharedMemory(std::size_t size)
    : SharedMemory(shared_file(platform::make_memory("brood", checked(size))), {}) {}

SharedMemory SharedMemory::create(const std::string& name, std::size_t size) {
  platform::Descriptor file = platform::make_named_memory(checked(name), checked(size));
  try {
    return SharedMemory(shared_file(std::move(file)), name);
  } catch (...) {
    platform::remove_named_memory(name);
    throw;
  }
}

SharedMemory SharedMemory::open(const std::string& name, Owner owner) {
  return SharedMemory(shared_file(platform::open_named_memory(
                          checked(name), owner == Owner::any ? platform::FileOwner::any
                                                             : platform::FileOwner::this_user)),
                      name);
}

void SharedMemory::unlink(const std::string& name) { platform::unlink_named_memory(checked(name)); }

void SharedMemory::save(OutputArchive& archive) const {
  detail::put_descriptor(archive, descriptor_);
  archive(std::uint64_t{size_}, name_);
}

// Memory with a name can be shrunk by any process; see the class.
void SharedMemory::load(InputArchive& archive) {
  detail::DescriptorRef descriptor = detail::take_descriptor(archive);
  std::uint64_t size = 0;
  std::string name;
  archive(size, name);
  const bool is_memory = descriptor->kind() == SharedDescriptor::Kind::memory;
  platform::FileFacts facts;
  if (is_memory) facts = platform::facts_of(descriptor->get());
  facts.keeps_size |= !name.empty();
  if (!is_memory || size == 0 || !facts.can_share(size) || descriptor->memory(size).size() != size)
    throw CodecError(CodecError::Direction::decode, "",
                     "the bytes are those of a shared object of another kind");
  *this = SharedMemory(std::move(descriptor), std::move(name));
}

}  // namespace brood

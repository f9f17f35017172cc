#include "platform/mapping.hpp"

#include <sys/mman.h>
#include <cerrno>
#include <utility>

#include <brood/errors.hpp>
#include "platform/memory_file.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

void* map_shared(int file, std::size_t size) {
  void* const data =
      system_calls().mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) throw SystemError("mmap", "mapping shared memory", errno);
  return data;
}

}  // namespace

SharedMapping::SharedMapping(Descriptor descriptor, void* data, std::size_t size) noexcept
    : descriptor_(std::move(descriptor)), data_(data), size_(size) {}

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  descriptor_ = std::move(other.descriptor_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

SharedMapping::~SharedMapping() { unmap(); }

void SharedMapping::unmap() noexcept {
  if (data_ != nullptr) ::munmap(std::exchange(data_, nullptr), size_);
}

SharedMapping SharedMapping::create(const char* label, std::size_t size) {
  const int number = system_calls().memfd_create(label, MFD_CLOEXEC);
  if (number < 0) throw SystemError("memfd_create", "making shared memory", errno);
  Descriptor descriptor = adopt_above_stdio(number);
  int result = 0;
  do {
    result = system_calls().ftruncate(descriptor.get(), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw SystemError("ftruncate", "making shared memory", errno);
  void* const data = map_shared(descriptor.get(), size);
  return SharedMapping(std::move(descriptor), data, size);
}

SharedMapping SharedMapping::open(Descriptor descriptor, std::size_t size) {
  // Past the end of the file a mapping exists, but touching it is SIGBUS.
  if (size_of_file(descriptor.get()) < size)
    throw SystemError("fstat", "opening shared memory", ENODATA);
  void* const data = map_shared(descriptor.get(), size);
  return SharedMapping(std::move(descriptor), data, size);
}

SharedMapping SharedMapping::whole(int file) {
  const std::size_t size = size_of_file(file);
  return SharedMapping(Descriptor(), map_shared(file, size), size);
}

}  // namespace brood::platform

#include "platform/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

#include <brood/errors.hpp>
#include "platform/memory_file.hpp"
#include "platform/process.hpp"
#include "platform/system_calls.hpp"

namespace brood::platform {
namespace {

// Bytes: where mappings with rings begin. The largest page that a kernel has.
constexpr std::size_t ring_alignment = 64 * 1024;

std::size_t page_size() noexcept {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

// The mapping with a page before it and one behind.
std::size_t fenced(std::size_t size) noexcept {
  const std::size_t page = page_size();
  return (size + page - 1) / page * page + 2 * page;
}

[[noreturn]] void throw_no_mapping(int error) {
  throw SystemError("mmap", "mapping shared memory", error);
}

void* map_at(void* place, int file, std::size_t offset, std::size_t size) {
  return system_calls().mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
                             static_cast<off_t>(offset));
}

// Between two copies of a ring the next one begins: both are mapped by one call.
bool map_with_rings(std::byte* data, int file, std::size_t size, Rings rings) {
  std::size_t mapped = 0, in_file = size - rings.size * rings.count;
  for (std::size_t ring = 0; ring <= rings.count; ++ring) {
    const std::size_t from = ring == 0 ? 0 : in_file - rings.size;
    if (ring < rings.count) in_file += rings.size;
    if (map_at(data + mapped, file, from, in_file - from) == MAP_FAILED) return false;
    mapped += in_file - from;
  }
  return true;
}

// Addresses for so many bytes between two fences, the first of them a multiple of `alignment`.
std::byte* reserve(std::size_t size, std::size_t alignment) {
  const std::size_t all = fenced(size), page = page_size();
  const std::size_t slack = alignment > page ? alignment - page : 0;
  void* const place = system_calls().mmap(nullptr, all + slack, PROT_NONE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) throw_no_mapping(errno);
  std::byte* const begin = static_cast<std::byte*>(place);
  const auto past = (reinterpret_cast<std::uintptr_t>(begin) + page) % alignment;
  const std::size_t before = past == 0 ? 0 : alignment - past;
  if (before != 0) ::munmap(begin, before);
  if (before != slack) ::munmap(begin + before + all, slack - before);
  return begin + before + page;
}

void* map_shared(int file, std::size_t size, Rings rings = {}) {
  if (size == 0 || size > std::numeric_limits<std::size_t>::max() / 2) throw_no_mapping(EINVAL);
  const std::size_t all = size + rings.size * rings.count;
  std::byte* const data = reserve(all, rings.count == 0 ? page_size() : ring_alignment);
  if (!map_with_rings(data, file, size, rings)) {
    const int error = errno;
    ::munmap(data - page_size(), fenced(all));
    throw_no_mapping(error);
  }
  return data;
}

}  // namespace

SharedMapping::SharedMapping(Descriptor descriptor, void* data, std::size_t size) noexcept
    : descriptor_(std::move(descriptor)), data_(data), size_(size) {}

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      only_in_(other.only_in_) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  descriptor_ = std::move(other.descriptor_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  only_in_ = other.only_in_;
  return *this;
}

SharedMapping::~SharedMapping() { unmap(); }

void SharedMapping::unmap() noexcept {
  void* const data = std::exchange(data_, nullptr);
  if (data == nullptr || (only_in_ && *only_in_ != fork_generation())) return;
  ::munmap(static_cast<std::byte*>(data) - page_size(), fenced(size_));
}

void SharedMapping::keep_from_forks() noexcept {
  if (data_ == nullptr) return;
  std::byte* const fence = static_cast<std::byte*>(data_) - page_size();
  if (::madvise(fence, fenced(size_), MADV_DONTFORK) != 0) return;
  only_in_ = fork_generation();
}

SharedMapping SharedMapping::create(const char* label, std::size_t size, Rings rings) {
  const int number = system_calls().memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (number < 0) throw SystemError("memfd_create", "making shared memory", errno);
  Descriptor descriptor = adopt_above_stdio(number);
  int result = 0;
  do {
    result = system_calls().ftruncate(descriptor.get(), static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0) throw SystemError("ftruncate", "making shared memory", errno);
  seal_size(descriptor);
  void* const data = map_shared(descriptor.get(), size, rings);
  return SharedMapping(std::move(descriptor), data, size + rings.size * rings.count);
}

SharedMapping SharedMapping::open(Descriptor descriptor, std::size_t size, Rings rings) {
  // Past the end of the file a mapping exists, but touching it is SIGBUS.
  if (!facts_of(descriptor.get()).can_share(size))
    throw SystemError("fcntl", "opening shared memory", ENODATA);
  void* const data = map_shared(descriptor.get(), size, rings);
  return SharedMapping(std::move(descriptor), data, size + rings.size * rings.count);
}

SharedMapping SharedMapping::of(int file, std::size_t size) {
  return SharedMapping(Descriptor(), map_shared(file, size), size);
}

}  // namespace brood::platform

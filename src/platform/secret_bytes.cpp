#include "platform/secret_bytes.hpp"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <brood/errors.hpp>
#include "platform/system_calls.hpp"

namespace brood::platform {

namespace {

__attribute__((noinline)) void wipe_below() noexcept {
  std::array<std::byte, 32 * 1024> room;  // more than OpenSSL's frames take
  ::explicit_bzero(room.data(), room.size());
  // glibc copies by other registers for other sizes.
  std::byte* volatile target = room.data();
  for (std::size_t size = 8; size <= 4096; size *= 2)
    std::memmove(target, room.data() + room.size() / 2, size);
}

}  // namespace

void wipe(std::span<std::byte> bytes) noexcept {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // bytes behind the end may be of a longer one
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

void wipe_traces() noexcept {
  // The first call of a function of another library goes through the dynamic linker, which saves
  // all registers on the stack: before what is below is wiped, not after.
  std::array<std::byte, 2> first{};
  std::byte* volatile target = first.data();
  ::explicit_bzero(target, 1);
  std::memmove(target, first.data() + 1, first.size() - 1);
  wipe_below();
}

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  void* const data = system_calls().mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw SystemError("mmap", "keeping a key", errno);
  data_ = static_cast<std::byte*>(data);
  // Where the kernel has no such advice the pages are still good.
  ::madvise(data, size, MADV_DONTDUMP);
  ::madvise(data, size, MADV_WIPEONFORK);
}

SecretBytes::SecretBytes(std::span<const std::byte> source) : SecretBytes(source.size()) {
  std::copy(source.begin(), source.end(), data_);
  wipe_traces();
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this == &other) return *this;
  release();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

SecretBytes::~SecretBytes() { release(); }

void SecretBytes::release() noexcept {
  if (data_ == nullptr) return;
  wipe(bytes());
  ::munmap(data_, size_);
}

}  // namespace brood::platform
